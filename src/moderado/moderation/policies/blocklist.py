"""The blocklist as a policy sees it: the rule sets of all documents of its chain, and links.

The provider compiles a rule set once for each content, whatever the policies that have it. A room
with twenty words of its own costs these twenty words.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from moderado.moderation.effects import Effect
from moderado.moderation.policies.packs import groups_of
from moderado.moderation.policies.schema import PolicyDocument, RuleGroup
from moderado.moderation.providers.blocklist import (
    BlocklistProvider,
    effects_of,
    normalized_options,
)
from moderado.moderation.rules import pack
from moderado.moderation.rules.links import is_below, links
from moderado.moderation.types import Category, Content, Match, Signal

DEFAULT_SEVERITY = 0.8
_AS_WRITTEN = ("language", "reclaimed", "native", "acronym")
_ALLOWED = "allow"  # the group of words that a document excepts from the rules it extends
_MATCHES = {"word": "whole", "phrase": "whole", "prefix": "prefix", "anywhere": "anywhere"}


class PolicyBlocklist:
    """A local provider for one policy in force.

    Args:
        configured: The configured provider. Its rules, compiled before the process was forked,
            serve a document with equal ones.
        documents: The chain of documents, the policy's own first.
    """

    remote: ClassVar[Literal[False]] = False

    def __init__(self, configured: BlocklistProvider, documents: Sequence[PolicyDocument]) -> None:
        self.name = name = configured.name
        found = [(each, _rule_set(each, configured)) for each in documents]
        self._sets = [rules for _, rules in found if rules is not None]
        # A document's exceptions hold for the sets behind it.
        self._exceptions = [_exceptions(each) for each, rules in found if rules is not None]
        self._links = [rule for each in documents for rule in each.rules if rule.links is not None]
        self._left_out = frozenset(chain.from_iterable(each.without for each in documents))
        self.version = _digest([*(each.version for each in self._sets), repr(self._links)])
        self._nothing_found = Signal(provider=name, model=self.version)

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        by_set = [each.assess(contents) for each in self._sets]
        found = [[signals[at].matches for signals in by_set] for at in range(len(contents))]
        return [self._signal(*each) for each in zip(contents, found, strict=True)]

    def _signal(self, content: Content, found: Sequence[tuple[Match, ...]]) -> Signal:
        if not self._links and not any(found):
            return self._nothing_found
        matches = [*self._kept(content, found), *self._found_links(content.text)]
        if not matches:
            return self._nothing_found
        return Signal(provider=self.name, model=self.version, matches=tuple(matches))

    def _kept(self, content: Content, found: Sequence[tuple[Match, ...]]) -> list[Match]:
        """Return the matches of all sets, without those that a document before them excepts."""
        kept: list[Match] = []
        allowed: list[tuple[int, int]] = []
        for matches, exceptions in zip(found, self._exceptions, strict=True):
            kept += [
                match
                for match in matches
                if not self._is_left_out(match)
                and not any(start <= match.start and match.end <= end for start, end in allowed)
            ]
            if exceptions is not None:
                (signal,) = exceptions.assess([content])
                allowed += [(match.start, match.end) for match in signal.matches]
        return kept

    def _is_left_out(self, match: Match) -> bool:
        return bool(self._left_out) and (
            match.rule in self._left_out or match.rule.partition("/")[0] in self._left_out
        )

    def _found_links(self, text: str) -> list[Match]:
        if not self._links:
            return []
        return [
            Match(
                start=start,
                end=end,
                rule=f"{rule.id}/{domain[:64]}",
                category=rule.category or Category.SPAM,
                severity=DEFAULT_SEVERITY if rule.severity is None else rule.severity,
            )
            for start, end, domain in links(text)
            for rule in self._links
            if _is_unwanted(rule, domain)
        ]


def _is_unwanted(rule: RuleGroup, domain: str) -> bool:
    wanted = rule.links
    assert wanted is not None, "rules with links only"
    if wanted.deny:
        return is_below(domain, wanted.deny)
    return not is_below(domain, wanted.allow)


def _rule_set(document: PolicyDocument, configured: BlocklistProvider) -> BlocklistProvider | None:
    """Return the compiled words, patterns and packs of a document; None if it has none."""
    options = _options(document)
    if not any(options.values()):
        return None
    wanted = normalized_options(**options)
    return configured if wanted == configured.options else _compiled(wanted)


def _exceptions(document: PolicyDocument) -> BlocklistProvider | None:
    if not document.allow or document.extends is None:
        return None
    rule = {
        "id": _ALLOWED,
        "category": Category.SPAM.value,
        "severity": 0,
        "action": "flag",
        "words": list(document.allow),
    }
    return _compiled(normalized_options([], [rule], [], []))


def _compiled(options: str) -> BlocklistProvider:
    return BlocklistProvider(**json.loads(options))


def _options(document: PolicyDocument) -> dict[str, Any]:
    chosen: dict[str, set[str]] = {}
    for rule in document.rules:
        if rule.pack is not None:
            name, groups = groups_of(rule.pack)
            chosen.setdefault(name, set()).update(groups)
    others = {group for name, groups in chosen.items() for group in groups_of(name)[1] - groups}
    return {
        "packs": sorted(chosen),
        "rules": [_group(rule) for rule in document.rules if rule.words or rule.patterns],
        "allow": sorted(document.allow),
        "without": sorted({*document.without, *others}),
    }


def _group(rule: RuleGroup) -> Mapping[str, Any]:
    """Return a rule in the format of the lists. What follows from it is the policy's table."""
    category = rule.category or Category.PROFANITY
    # Without an outcome of its own, the surroundings of a word are not looked at.
    aimed = {"aimed": "block"} if rule.aimed or rule.aimed_only else {}
    # A word that counts only when aimed is an ordinary one: "seu …" alone may name an owner.
    shape = "everyday" if rule.aimed_only and rule.shape == "name" else rule.shape
    others = {name: "block" for name in ("about", "expletive") if getattr(rule, name)}
    written = {name: getattr(rule, name) for name in _AS_WRITTEN if getattr(rule, name)}
    if rule.unless is not None:
        written["unless"] = rule.unless.model_dump()
    if shape != "name":
        written["shape"] = shape
    return (
        aimed
        | others
        | written
        | {
            "id": rule.id,
            "category": category.value,
            "severity": DEFAULT_SEVERITY if rule.severity is None else rule.severity,
            "action": "block",
            "words": list(rule.words),
            "patterns": list(rule.patterns),
            "match": _MATCHES[rule.match],
        }
    )


def _digest(parts: Sequence[str]) -> str:
    if len(parts) == 2 and parts[1] == "[]":  # one set and no links  # noqa: PLR2004
        return parts[0]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@lru_cache
def pack_categories(name: str) -> frozenset[str]:
    """Return the categories of the rules of a pack, or of a part of one."""
    whole, groups = groups_of(name)
    rules = pack.load(whole).rules
    return frozenset(r.category.value for r in rules if r.id.partition("/")[0] in groups)


@lru_cache
def pack_effects(name: str) -> Mapping[str, Effect]:
    """Return what follows from a pack, or a part of one, as the pack itself says."""
    whole, groups = groups_of(name)
    effects = effects_of(pack.load(whole).rules)
    return MappingProxyType(
        {each: effect for each, effect in effects.items() if each.partition("/")[0] in groups}
    )
