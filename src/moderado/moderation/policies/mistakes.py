"""The mistakes of a policy document, each with its place."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a document. `line` is None where the document is no text."""

    path: str
    line: int | None
    message: str

    @property
    def with_line(self) -> str:
        """The message, behind its line."""
        if self.line is None:
            return self.message
        return _("line %(line)d: %(message)s") % {"line": self.line, "message": self.message}

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        return place + self.with_line


class InvalidDocument(ValueError):
    """The document has mistakes: `mistakes` are all of them."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes
