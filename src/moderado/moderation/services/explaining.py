"""Explains verdicts: what was read, found and measured, and which step decided.

A stored decision is explained from its log line alone, so that the answer never changes. A text
that is tried is judged by the local providers of a policy; nothing is stored.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from moderado.moderation.policies.compile import Runtime
from moderado.moderation.registry import configured_providers
from moderado.moderation.services.judging import Facts, chain_of, content_of
from moderado.moderation.services.policies import get_version
from moderado.moderation.services.policy_lookup import (
    Chain,
    in_force,
    runtime,
    runtime_of,
    versions_of,
)
from moderado.moderation.services.recording import basis_columns, failure_columns
from moderado.moderation.services.screening import judge
from moderado.moderation.signals import encode_match, encode_numbers
from moderado.moderation.types import AuthorFacts, Content, RoomFacts, Verdict

# The authors of `moderado explain --as`.
AUTHORS: Mapping[str, AuthorFacts] = {
    "member": AuthorFacts(age_days=365, approved=100),
    "newcomer": AuthorFacts(),
    "moderator": AuthorFacts(role="MODERATOR", age_days=365, approved=100),
}


def try_text(
    text: str, *, facts: Facts, chain: Chain | None = None, compiled: Runtime | None = None
) -> dict[str, Any]:
    """Judge a text with the local providers and explain the verdict.

    Args:
        text: The text.
        facts: Who writes it, and where.
        chain: The versions of the policy; None: those in force on the server.
        compiled: The policy itself, where it is not in force.

    Returns:
        The explanation as JSON. Places are code points of `text`.
    """
    content = content_of(text, facts, in_force() if chain is None else chain)
    (verdict,) = judge([content], compiled or runtime(content.policy))
    return explanation(verdict, content) | {"words": _words(text)}


def _words(text: str) -> list[dict[str, Any]]:
    """Return what each word adds to the scores of the providers that can tell exactly."""
    return [
        {"provider": configured.name, **word}
        for configured in configured_providers()
        if (explain := getattr(configured.provider, "explain", None))
        for word in explain(text)
    ]


def compiled_policy(name: str, number: int | None = None) -> Runtime:
    """Return a policy as it would judge, by its enabled version or by another one.

    Raises:
        NotFound: There is no such policy or version.
        PolicyNotEnabled: No version is enabled, and none is named.
    """
    if number is None:
        return runtime(chain_of(name))
    return runtime_of(versions_of(get_version(name, number)))


def explanation(verdict: Verdict, content: Content) -> dict[str, Any]:
    """Return why `content` got this verdict, as JSON."""
    matches = [
        {
            "provider": provider,
            **encode_match(match),
            "text": content.text[match.start : match.end],
            "outcome": outcome.value,
        }
        for provider, match, outcome in verdict.matches()
    ]
    return {
        "outcome": verdict.outcome.value,
        "category": verdict.category.value if verdict.category else None,
        "categories": {name.value: score for name, score in verdict.categories.items()},
        "score": verdict.score,
        "reason": verdict.reason.value if verdict.reason else None,
        "decided_by": verdict.decided_by,
        "basis": {"ground": verdict.basis.ground.value, **basis_columns(verdict.basis)},
        "policy": verdict.policy,
        "policy_version": verdict.policy_version,
        "readings": sorted({each["reading"] for each in matches if each.get("reading")}),
        "matches": matches,
        "signals": {each.provider: encode_numbers(each) for each in verdict.signals},
        "failures": failure_columns(verdict),
        "facts": facts_json(content.author, content.room),
    }


def facts_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a log line with the default values; empty if it has none."""
    if not stored:
        return {}
    author = msgspec.convert(stored.get("author", {}), AuthorFacts)
    return facts_json(author, msgspec.convert(stored.get("room", {}), RoomFacts))


def facts_json(author: AuthorFacts, room: RoomFacts) -> dict[str, Any]:
    """Return facts as JSON, with all fields."""
    return {"author": structs.asdict(author), "room": structs.asdict(room)}
