"""The words and punctuation around a match, in a form that cues are written against.

Words are folded and separated by one space. Marks are words of their own: "." ends a clause, "?"
a question, "," and ":" separate, '"' quotes. Both sides begin and end with a space. The beginning
and the end of the text read as ".".
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from moderado.moderation.normalize import Folded
from moderado.moderation.rules.languages import hint

_BEFORE = 100  # characters that cues can see
_AFTER = 80
_CACHED = 2_048  # pieces of texts: a flood repeats a few of them
_QUOTED = re.compile(
    r"\"[^\"\n]{1,300}\"|“[^”]{1,300}”|«[^»]{1,300}»|‘[^’]{1,300}’|„[^“”]{1,300}[“”]"
    r"|(?<!\w)'[^'\n]{2,300}'(?!\w)|(?:^|\n)[ \t]*>[^\n]*"
)
_QUOTES = re.compile(r"[\"“«‘„>]|(?<!\w)'")
_DIGITS = str.maketrans("013457", "oieast")
_ANY_DIGIT = re.compile("[0-9]")
_WITH_DIGIT = re.compile(r"\b(?=[a-z0-9]*[a-z])[a-z0-9]*[0-9][a-z0-9]*\b")
# A mention is one word: "@ana_87", "@joao.silva".
_MENTION = re.compile(r"@[a-z0-9]+(?:[._-]+[a-z0-9]+)+_*")
# Those whom a disguised word is said to may be disguised, too: "s e u  l1xo", "y.o.u".
_APART = re.compile(
    "|".join(
        rf"(?<!\S){r'(?: [.])? '.join(word)}(?: [.])?(?!\S)"
        for word in ("seu", "sua", "seus", "suas", "teu", "tua", "tu", "you", "your", "voce", "vc")
    )
)

# In every such address, and quickly found: a letter alone, and another one.
_SINGLE = re.compile(r"[stvy](?<!\S.)(?: [.])? [aceou](?!\S)")


class _Marks(dict[int, str]):
    """How each character of a folded text reads around a match."""

    def __missing__(self, code: int) -> str:
        # Emoji and other symbols end a clause. They are not kept: a text chooses them freely.
        return chr(code) if chr(code).isalnum() else " . "


_MARKS = _Marks(
    {code: chr(code) for code in range(128) if chr(code).isalnum()}
    | dict.fromkeys(map(ord, "'’`´"), "")
    | dict.fromkeys(map(ord, " \t_*~-/#=+&%$^|\\<>\u00a0"), " ")
    | dict.fromkeys(map(ord, ",;()[]{}–—"), " , ")
    | dict.fromkeys(map(ord, ".!\n\r…"), " . ")
    | dict.fromkeys(map(ord, '"“”«»„'), ' " ')
    | {ord("?"): " ? ", ord(":"): " : ", ord("@"): " @"}
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands directly `before` and `after` a match."""

    before: str
    after: str


class Context:
    """A text whose matches are looked at one after the other."""

    def __init__(self, folded: Folded, text: str) -> None:
        self._folded = folded
        self.text = text

    def around(self, start: int, end: int) -> Surroundings:
        """Return the surroundings of the code points `[start, end)` of the original."""
        offsets, letters = self._folded.offsets, self._folded.text
        at, to = bisect_left(offsets, start), bisect_left(offsets, end)
        begin, stop = max(0, at - _BEFORE), to + _AFTER
        before = written(letters[begin:at])
        after = written(letters[to:stop])
        return Surroundings(
            f"{' ' if begin else ' . '}{before} " if before else " . ",
            f" {after}{' ' if stop < len(letters) else ' . '}" if after else " . ",
        )

    def between(self, start: int, end: int) -> str:
        """Return what stands between two matches, as surroundings are written."""
        offsets = self._folded.offsets
        at, to = bisect_left(offsets, start), bisect_left(offsets, end)
        gap = written(self._folded.text[at:to])
        return f" {gap} " if gap else " "

    def quotation(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the quotation that contains the code points `[start, end)`."""
        at = bisect_left(self._ends, end)
        if at < len(self._quotations) and self._quotations[at][0] <= start:
            return self._quotations[at]
        return None

    @cached_property
    def _quotations(self) -> Sequence[tuple[int, int]]:
        if _QUOTES.search(self.text) is None:
            return ()
        return [match.span() for match in _QUOTED.finditer(self.text)]

    @cached_property
    def _ends(self) -> list[int]:
        return [end for _, end in self._quotations]

    @cached_property
    def language(self) -> str:
        """The language that the text's words hint at, or an empty string."""
        return hint(written.__wrapped__(self._folded.text), self.text)


@lru_cache(_CACHED)
def written(folded: str) -> str:
    """Return folded text as cues read it: "v0cê," reads "voce ,"."""
    if "@" in folded:
        folded = _MENTION.sub(_joined, folded)
    marked = " ".join(folded.translate(_MARKS).split())
    if _ANY_DIGIT.search(marked):
        marked = _WITH_DIGIT.sub(_letters, marked)
    return _APART.sub(_closed_up, marked) if _SINGLE.search(marked) else marked


def _letters(match: re.Match[str]) -> str:
    return match.group().translate(_DIGITS)


def _joined(match: re.Match[str]) -> str:
    return f"@{''.join(filter(str.isalnum, match.group()))}"


def _closed_up(match: re.Match[str]) -> str:
    return "".join(filter(str.isalpha, match.group()))
