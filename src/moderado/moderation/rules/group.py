"""Reads groups of rules, as packs and options write them."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moderado.moderation.rules.cues import compiled
from moderado.moderation.rules.rule import Match, Rule, Shape, Unless, folded_word
from moderado.moderation.types import Category, Outcome

MAX_PATTERN_LENGTH = 800
MAX_PATTERNS = 500  # beside the packs
MAX_FORMS = 1_000  # that one entry with braces stands for
_SYNTAX = re.compile(r"\\[a-zA-Z]|\(\?[a-zA-Z]*:?")  # escapes such as \b, and heads of groups
_LITERALS = re.compile(r"[^\W\d_]{2,}")
_TITLE_WORDS = 3
_BRACES = re.compile(r"\{([^{}]*)\}")
_SWITCHES = ("reclaimed", "native", "acronym")
_FIELDS = {
    "id", "category", "severity", "action", "aimed", "about", "quoted", "expletive", "language",
    "match", "shape", "unless", "words", "patterns", *_SWITCHES,
}  # fmt: skip
_ACTIONS = {
    "ignore": Outcome.ALLOW,  # counts only when it is aimed at a person
    "flag": Outcome.FLAG,
    "hold": Outcome.HOLD,
    "block": Outcome.BLOCK,
}


def own_rules(groups: Iterable[Mapping[str, Any]]) -> list[Rule]:
    """Return the rules of the groups that stand beside the packs.

    Raises:
        ValueError: A group is invalid, or they have more than `MAX_PATTERNS` patterns together.
    """
    rules = [rule for group in groups for rule in rules_of(group)]
    if (number := sum(rule.match is Match.PATTERN for rule in rules)) > MAX_PATTERNS:
        raise ValueError(f"{number} patterns: at most {MAX_PATTERNS}")
    return rules


def rules_of(group: Mapping[str, Any]) -> list[Rule]:
    """Return the rules of one group. A word may contain alternatives: "merd{a,as}".

    Raises:
        ValueError: The group is invalid; the message names it.
    """
    name = str(group.get("id") or "rules")
    try:
        return list(_rules(name, group))
    except (ValueError, TypeError, KeyError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"rules {name!r}: {reason}") from None


def _rules(name: str, group: Mapping[str, Any]) -> Iterator[Rule]:
    if unknown := set(group) - _FIELDS:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    if not group.get("words") and not group.get("patterns"):
        raise ValueError("words or patterns are missing")
    shared, match = _shared(group), _match(group)
    for word in _words(group.get("words", [])):
        yield Rule(id=f"{name}/{word}", text=word, match=match, **shared)
    used: Counter[str] = Counter()
    for pattern in group.get("patterns", []):
        if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_LENGTH:
            raise ValueError(f"a pattern is a text of at most {MAX_PATTERN_LENGTH} characters")
        title = _title(pattern)
        used[title] += 1
        number = f" {used[title]}" if used[title] > 1 else ""
        yield Rule(id=f"{name}/{title}{number}", text=pattern, match=Match.PATTERN, **shared)


def _title(pattern: str) -> str:
    """Return the first words of a pattern, as people read them in the log: "siga segue …"."""
    literals = _LITERALS.findall(_SYNTAX.sub(" ", pattern))
    title = " ".join(dict.fromkeys(literals[:_TITLE_WORDS]))
    return f"{title} …" if title else "pattern"


def _shared(group: Mapping[str, Any]) -> dict[str, Any]:
    category, severity = Category(group["category"]), float(group["severity"])
    if not 0 <= severity <= 1:
        raise ValueError("severity is a number from 0 to 1")
    shared = {
        "category": category,
        "severity": severity,
        "outcome": _action(group["action"]),
        "language": str(group.get("language", "")),
        "shape": Shape(group.get("shape", Shape.NAME)),
        "unless": _unless(group.get("unless", {})),
    }
    for name in ("aimed", "about", "quoted", "expletive"):
        if name in group:
            shared[name] = _action(group[name])
    return shared | {name: _switch(group[name]) for name in _SWITCHES if name in group}


def _action(written: object) -> Outcome:
    if written not in _ACTIONS:
        raise ValueError(f"action is one of {', '.join(_ACTIONS)}")
    return _ACTIONS[str(written)]


def _switch(written: object) -> bool:
    if not isinstance(written, bool):
        raise TypeError(f"{', '.join(_SWITCHES)} are true or false")
    return written


def _unless(written: Mapping[str, Any]) -> Unless:
    unless = Unless(**{place: str(words) for place, words in written.items()})
    compiled(unless)
    return unless


def _match(group: Mapping[str, Any]) -> Match:
    match = Match(group.get("match", Match.WHOLE))
    if match is Match.PATTERN:
        raise ValueError("match is whole, prefix or anywhere")
    return match


def _words(entries: object) -> list[str]:
    if isinstance(entries, str) or not isinstance(entries, list | tuple):
        raise TypeError("words are a list")
    written = (form for entry in entries for form in alternatives(str(entry)))
    return list(dict.fromkeys(folded_word(form) for form in written))


class TooManyForms(ValueError):
    """An entry stands for more than `MAX_FORMS` words."""


def alternatives(text: str) -> list[str]:
    """Expand "merd{a,as}" to "merda", "merdas". Several braces multiply.

    Raises:
        TooManyForms: They multiply to too many.
    """
    parts = _BRACES.split(text)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    if math.prod(map(len, choices)) > MAX_FORMS:
        raise TooManyForms(f"{text[:60]!r} stands for more than {MAX_FORMS} words")
    return ["".join(chosen) for chosen in itertools.product(*choices)]
