"""Patterns in RE2 syntax: linear time for any pattern, all matched in one pass."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import re2

from moderado.moderation.normalize import Folded
from moderado.moderation.rules.rule import Rule
from moderado.moderation.rules.word_classes import Classed, spelled_out, telling

_MAX_MEMORY = 8 << 20  # bytes of memory for each pattern in RE2, and at least for a set of them
_SET_MEMORY = 128  # bytes for each instruction of a set: to compile it, and for states of matching
_MAX_PROGRAM_SIZE = 600  # instructions: in the worst case all of them run at every character


class RefusedPattern(ValueError):
    """RE2 refuses a pattern.

    Attributes:
        kind: What is wrong, in RE2's words, such as `missing )`; empty if it repeats too much.
    """

    def __init__(self, rule: str, kind: str, place: str = "") -> None:
        said = f"{kind}: {place}" if place else kind
        super().__init__(
            f"rule {rule!r}: {said or 'the pattern repeats too much, and would be slow'}"
        )
        self.kind = kind


class Patterns:
    """Compiled patterns over folded text: letters only, without case, accents and punctuation.

    Patterns that name classes of words in capitals read numbers as well (`word_classes`). They are
    looked for only in texts with a telling word, so that most texts do not pay for them.

    Raises:
        ValueError: RE2 refuses a pattern.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        letters = [rule for rule in rules if not telling(rule.text)]
        over_classes = [rule for rule in rules if telling(rule.text)]
        words = frozenset[str]().union(*(telling(rule.text) for rule in over_classes))
        self._classes = _Set([spelled_out(rule.text) for rule in over_classes], over_classes)
        self._letters = _Set([rule.text for rule in letters], letters)
        self._telling = _Set([f" (?:{'|'.join(sorted(words))}) "] if words else [])

    def find(
        self, reading: Folded, original: str, hit: Callable[[Rule, int, int], Any]
    ) -> list[Any]:
        """Return `hit(rule, start, end)` for every pattern, at its first place in the original.

        Args:
            reading: Words with one space between them.
            original: The text as written.
            hit: What makes a hit of a rule and a place.
        """
        text, hits = reading.text, list[Any]()
        if matching := self._letters.matching(text):
            hits += [
                hit(rule, *reading.original(*span))
                for rule, span in self._letters.places(matching, text)
            ]
        if self._telling.matching(text):
            classed = Classed(reading, original)
            matching = self._classes.matching(classed.text)
            for rule, span in self._classes.places(matching, classed.text):
                if place := classed.original(*span):
                    hits.append(hit(rule, *place))
        return hits


class _Set:
    """Patterns that are looked for in one pass, and their rules."""

    def __init__(self, patterns: Sequence[str], rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)
        self._compiled = [
            _compile(rule.id, pattern) for rule, pattern in zip(rules, patterns, strict=False)
        ]
        size = sum(each.programsize for each in self._compiled)
        self._set = _set(patterns, size) if patterns else None

    def matching(self, text: str) -> Sequence[int]:
        """Return the numbers of the patterns that match."""
        return (self._set.Match(text) if self._set is not None else None) or ()

    def places(self, matching: Sequence[int], text: str) -> Iterator[tuple[Rule, tuple[int, int]]]:
        """Yield the rules of matching patterns, with their first places."""
        for which in matching:
            match = self._compiled[which].search(text)
            if match is not None and match.end() > match.start():
                yield self._rules[which], match.span()


def _set(patterns: Sequence[str], size: int) -> Any:
    """Return patterns of so many instructions as a set. Raises ValueError if RE2 refuses it."""
    found = re2.Set.SearchSet(_options(max(_MAX_MEMORY, _SET_MEMORY * size)))
    for pattern in patterns:
        found.Add(pattern)
    try:
        found.Compile()
    except re2.error:
        raise ValueError(f"{len(patterns)} patterns are too long together") from None
    return found


def _compile(name: str, pattern: str) -> Any:
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as error:
        reason = error.args[0] if error.args else "it does not compile"
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        kind, _, place = text.partition(": ")
        raise RefusedPattern(name, kind, place) from None
    if compiled.programsize > _MAX_PROGRAM_SIZE:
        raise RefusedPattern(name, "")
    return compiled


def _options(memory: int = _MAX_MEMORY) -> re2.Options:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options
