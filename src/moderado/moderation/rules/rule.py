"""A rule, and the format of rule groups."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from moderado.moderation.normalize import fold
from moderado.moderation.types import Category, Outcome

MAX_PATTERN_LENGTH = 500
_BRACES = re.compile(r"\{([^{}]*)\}")
_FIELDS = {"id", "category", "severity", "action", "language", "match", "words", "patterns"} | {
    "address"
}
_ACTIONS = {
    "ignore": Outcome.ALLOW,  # ignored unless it is aimed at a person
    "flag": Outcome.FLAG,
    "hold": Outcome.HOLD,
    "block": Outcome.BLOCK,
}


class Match(StrEnum):
    """Where the words of a rule match."""

    WHOLE = "whole"  # as whole words
    PREFIX = "prefix"  # at the beginning of a word
    ANYWHERE = "anywhere"  # also inside words
    PATTERN = "pattern"  # RE2 syntax, over the folded letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Folded `text` or a pattern, and what follows from a match."""

    id: str
    text: str
    match: Match
    category: Category
    severity: float  # 0..1
    action: Outcome
    language: str = ""
    # After one of these words the text is aimed at a person, and this rule applies instead.
    address: tuple[str, ...] = ()
    aimed: "Rule | None" = None
    is_aimed: bool = False  # this is the `aimed` rule of another one


def rules_of(group: Mapping[str, Any]) -> list[Rule]:
    """Return the rules of one group.

    A word may contain alternatives: "merd{a,as}". `address` names the words (`before`) after which
    the same word is an insult of a person ("seu …"), and the action and severity of that.

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
    shared = {
        "category": Category(group["category"]),
        "language": str(group.get("language", "")),
    }
    plain = shared | _weight(group)
    match, address = _match(group), group.get("address")
    before = tuple(f" {word} " for word in _words(address["before"])) if address else ()
    for word in _words(group.get("words", [])):
        rule = Rule(id=f"{name}/{word}", text=word, match=match, **plain)
        if address:
            aimed = replace(rule, id=f"{rule.id}/aimed", is_aimed=True, **_weight(address))
            rule = replace(rule, address=before, aimed=aimed)
        yield rule
    for pattern in group.get("patterns", []):
        if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN_LENGTH:
            raise ValueError(f"a pattern is a text of at most {MAX_PATTERN_LENGTH} characters")
        yield Rule(id=f"{name}/{pattern[:80]}", text=pattern, match=Match.PATTERN, **plain)


def _weight(group: Mapping[str, Any]) -> dict[str, Any]:
    severity = float(group["severity"])
    if not 0 <= severity <= 1:
        raise ValueError("severity is a number from 0 to 1")
    if group["action"] not in _ACTIONS:
        raise ValueError(f"action is one of {', '.join(_ACTIONS)}")
    return {"severity": severity, "action": _ACTIONS[group["action"]]}


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


def alternatives(text: str) -> list[str]:
    """Expand "merd{a,as}" to "merda", "merdas". Several braces multiply."""
    parts = _BRACES.split(text)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def folded_word(text: str) -> str:
    """Return `text` as the matcher reads it: folded letters, one space between words."""
    letters = re.sub(r"[\W\d_]+", " ", fold(text).text).strip()
    if not letters:
        raise ValueError(f"{text!r} has no letters")
    return letters
