"""Patterns in RE2 syntax: linear time for any pattern, all matched in one pass."""

from collections.abc import Callable, Sequence
from typing import Any

import re2

from moderado.moderation.normalize import Folded
from moderado.moderation.rules.rule import Rule

MAX_PATTERNS = 500
_MAX_MEMORY = 8 << 20  # bytes of memory for each pattern in RE2
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

    Raises:
        ValueError: RE2 refuses a pattern, or there are too many.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        if len(rules) > MAX_PATTERNS:
            raise ValueError(f"{len(rules)} patterns: at most {MAX_PATTERNS}")
        self._rules = tuple(rules)
        self._compiled = [_compile(rule) for rule in rules]
        self._set = _set(rules) if rules else None

    def find(self, reading: Folded, hit: Callable[[Rule, int, int], Any]) -> list[Any]:
        """Return `hit(rule, start, end)` for every pattern, at its first place in the original."""
        if self._set is None:
            return []
        hits = []
        for which in self._set.Match(reading.text) or ():
            match = self._compiled[which].search(reading.text)
            if match is not None and match.end() > match.start():
                hits.append(hit(self._rules[which], *reading.original(*match.span())))
        return hits


def _set(rules: Sequence[Rule]) -> Any:
    found = re2.Set.SearchSet(_options())
    for rule in rules:
        found.Add(rule.text)
    found.Compile()
    return found


def _compile(rule: Rule) -> Any:
    try:
        compiled = re2.compile(rule.text, _options())
    except re2.error as error:
        reason = error.args[0] if error.args else "it does not compile"
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        kind, _, place = text.partition(": ")
        raise RefusedPattern(rule.id, kind, place) from None
    if compiled.programsize > _MAX_PROGRAM_SIZE:
        raise RefusedPattern(rule.id, "")
    return compiled


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    return options
