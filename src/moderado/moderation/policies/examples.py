"""The examples of a policy's rules, as few-shot examples for models that follow instructions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest

from moderado.moderation.compiled import Threshold
from moderado.moderation.outbound.examples import HARMLESS, Example
from moderado.moderation.policies.blocklist import DEFAULT_SEVERITY, pack_categories
from moderado.moderation.policies.fields import ANY
from moderado.moderation.policies.schema import PolicyDocument, RuleGroup
from moderado.moderation.rules.rule import folded_word

_HARMLESS_SCORE = 0.02


def few_shot(
    documents: Sequence[PolicyDocument], thresholds: Mapping[str, Threshold]
) -> list[Example]:
    """Return the examples of a chain, the best ones first.

    Those of the policy itself come first, the first ones of each rule before the second ones, and
    texts to hold in turn with texts to pass.

    Args:
        documents: The policy's own document, then those that it extends.
        thresholds: Its rows: a text to hold has a score that its row holds.
    """
    found: list[Example] = []
    for depth, document in enumerate(documents):
        above = documents[:depth]
        held = [_held(rule, thresholds, above) for rule in document.rules]
        passed = [
            [(text, HARMLESS, _HARMLESS_SCORE) for text in r.must_pass] for r in document.rules
        ]
        in_turn = zip_longest(_across(held), _across(passed))
        found += [each for each in chain.from_iterable(in_turn) if each is not None]
    return found


def _across(by_rule: Sequence[Sequence[Example]]) -> Iterator[Example]:
    """Yield the first example of each rule, then the second ones, and so on."""
    rounds = chain.from_iterable(zip_longest(*by_rule))
    return (each for each in rounds if each is not None)


def _held(
    rule: RuleGroup, thresholds: Mapping[str, Threshold], above: Sequence[PolicyDocument]
) -> list[Example]:
    category = _category(rule)
    if category is None or any(rule.id in document.without for document in above):
        return []
    severity = DEFAULT_SEVERITY if rule.severity is None else rule.severity
    row = thresholds.get(category, thresholds.get(ANY))
    least = (row.hold or row.block or 0.0) if row is not None else 0.0
    excepted = [f" {folded_word(word)} " for document in above for word in document.allow]
    return [
        (text, category, max(severity, least))
        for text in rule.must_hold
        if not any(word in f" {_folded(text)} " for word in excepted)
    ]


def _passed(rule: RuleGroup) -> list[Example]:
    return [(text, HARMLESS, _HARMLESS_SCORE) for text in rule.must_pass]


def _folded(text: str) -> str:
    try:
        return folded_word(text)
    except ValueError:  # no letters
        return ""


def _category(rule: RuleGroup) -> str | None:
    """Return the category of what a rule finds; None for a pack of several ones."""
    if rule.category is not None:
        return rule.category.value
    found = pack_categories(rule.pack) if rule.pack is not None else frozenset[str]()
    return next(iter(found)) if len(found) == 1 else None
