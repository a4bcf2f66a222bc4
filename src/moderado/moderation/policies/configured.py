"""The policy that the operator's configuration describes, as a document.

Version 1 of the policy `default` is made of it. From then on, settings name which providers exist,
and policies say what follows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moderado.moderation.policies.documents import read_json
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.providers.base import ConfiguredProvider
from moderado.moderation.providers.blocklist import DEFAULT_PACKS, BlocklistProvider
from moderado.moderation.registry import proposed_thresholds

DEFAULT = "default"
_OUTCOMES = ("aimed", "about", "quoted", "expletive")
_AS_WRITTEN = ("language", "shape", "unless", "reclaimed", "native", "acronym")
_CONVERTED = {
    "id", "category", "severity", "action", "match", "words", "patterns", *_OUTCOMES, *_AS_WRITTEN
}  # fmt: skip
_MATCHES = {"whole": "word", "prefix": "prefix", "anywhere": "anywhere"}


def document_of(
    configured: Sequence[ConfiguredProvider], options: Sequence[Mapping[str, Any]]
) -> PolicyDocument:
    """Return the document that judges as the configuration does.

    Args:
        configured: The providers.
        options: The `OPTIONS` of each, as configured.

    Raises:
        LookupError, InvalidDocument: A rule of the configuration has no counterpart in a policy.
    """
    lists = [
        each_options
        for each, each_options in zip(configured, options, strict=True)
        if isinstance(each.provider, BlocklistProvider)
    ]
    document: dict[str, Any] = {
        "name": DEFAULT,
        "providers": _uses(configured),
        "thresholds": proposed_thresholds(configured),
        "rules": [rule for each in lists for rule in _rules(each)],
        "allow": sorted({word for each in lists for word in each.get("allow", ())}),
        "without": sorted({rule for each in lists for rule in each.get("without", ())}),
    }
    return read_json(document)


def _uses(configured: Sequence[ConfiguredProvider]) -> list[dict[str, Any]] | None:
    """Return how the providers take part; None: all that are configured, with nothing special.

    A provider that is configured later then takes part without a new version.
    """
    plain = [
        ConfiguredProvider(provider=each.provider, timeout=each.timeout) for each in configured
    ]
    return None if plain == list(configured) else [_use(each) for each in configured]


def _use(configured: ConfiguredProvider) -> dict[str, Any]:
    use: dict[str, Any] = {
        "use": configured.name,
        "on_error": configured.on_error.value,
        "on_unknown": configured.on_unknown.value,
    }
    if configured.budget.calls_per_day is not None:
        use["budget"] = {"calls_per_day": configured.budget.calls_per_day}
    return use


def _rules(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    packs = [
        {"id": name.replace("/", "-"), "pack": name} for name in options.get("packs", DEFAULT_PACKS)
    ]
    return packs + [_rule(group) for group in options.get("rules", ())]


def _rule(group: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(group) - _CONVERTED:
        raise LookupError(f"policies have no {', '.join(sorted(unknown))}")
    rule = {
        "id": str(group.get("id") or "rules"),
        "words": list(group.get("words", ())),
        "patterns": list(group.get("patterns", ())),
        "category": group["category"],
        "severity": group["severity"],
        "match": _MATCHES[group.get("match", "whole")],
        "outcome": _outcome(group["action"]),
    }
    rule |= {name: _outcome(group[name]) for name in _OUTCOMES if name in group}
    return rule | {name: group[name] for name in _AS_WRITTEN if name in group}


def _outcome(action: str) -> str:
    return "allow" if action == "ignore" else action
