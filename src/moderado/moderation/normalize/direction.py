"""The order in which a reader sees the characters of a text that overrides their direction.

Embeddings, overrides and isolates as in UAX #9, sections 3.3.2 and 3.4, for letters that are
written from left to right: only an override (U+202E) turns them, and what is embedded in it reads
in its own direction again.
"""

from dataclasses import dataclass, field

OVERRIDE = "\u202e"
_EMBEDDING_END, _ISOLATE_END = "\u202c", "\u2069"
_ISOLATES = frozenset("\u2066\u2067\u2068")
_TO_THE_LEFT = frozenset("\u202b\u202e\u2067")
_OPENING = frozenset("\u202a\u202b\u202d\u202e") | _ISOLATES
_ENDS = frozenset("\n\r\x1c\x1d\x1e\x85\u2029")  # of a paragraph: bidirectional class B
_DEEPEST = 125  # max_depth

_Items = list["int | _Part"]


@dataclass(slots=True)
class _Part:
    """A part of the text in one direction: places of characters, and the parts embedded in it."""

    level: int = 0
    is_turned: bool = False
    is_isolate: bool = False
    items: _Items = field(default_factory=list)


def visual_order(text: str) -> list[int] | None:
    """Return the places of the characters as they are seen; None if no override turns any.

    The controls are left out. Linear time.
    """
    if OVERRIDE not in text:
        return None
    parser = _Parser()
    for at, character in enumerate(text):
        parser.add(at, character)
    return _flattened(parser.root)


class _Parser:
    """Splits a text into its parts, by rules X1 to X8 of UAX #9."""

    def __init__(self) -> None:
        self.root = _Part()
        self._open = [self.root]
        # Those that are nested too deeply have no effect, and neither have their ends.
        self._ignored_embeddings = self._ignored_isolates = 0

    def add(self, at: int, character: str) -> None:
        if character in _OPENING:
            self._begin(character)
        elif character == _EMBEDDING_END:
            self._end_embedding()
        elif character == _ISOLATE_END:
            self._end_isolate()
        else:
            if character in _ENDS:
                del self._open[1:]
                self._ignored_embeddings = self._ignored_isolates = 0
            self._open[-1].items.append(at)

    def _begin(self, character: str) -> None:
        level = self._open[-1].level
        level = (level + 1) | 1 if character in _TO_THE_LEFT else (level + 2) & ~1
        if not (self._ignored_embeddings or self._ignored_isolates or level > _DEEPEST):
            part = _Part(level, character == OVERRIDE, character in _ISOLATES)
            self._open[-1].items.append(part)
            self._open.append(part)
        elif character in _ISOLATES:
            self._ignored_isolates += 1
        elif not self._ignored_isolates:
            self._ignored_embeddings += 1

    def _end_embedding(self) -> None:
        if self._ignored_isolates:
            return
        if self._ignored_embeddings:
            self._ignored_embeddings -= 1
        elif len(self._open) > 1 and not self._open[-1].is_isolate:
            self._open.pop()

    def _end_isolate(self) -> None:
        if self._ignored_isolates:
            self._ignored_isolates -= 1
        elif any(part.is_isolate for part in self._open):
            self._ignored_embeddings = 0
            while not self._open.pop().is_isolate:
                pass


def _flattened(root: _Part) -> list[int]:
    order: list[int] = []
    waiting = [iter(root.items)]
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
        elif isinstance(item, _Part):
            waiting.append(reversed(item.items) if item.is_turned else iter(item.items))
        else:
            order.append(item)
    return order
