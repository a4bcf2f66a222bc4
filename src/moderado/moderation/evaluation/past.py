"""Decisions as the log stores them, read back as what `decide` was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from moderado.moderation.compiled import CompiledPolicy
from moderado.moderation.signals import decode, decode_match
from moderado.moderation.types import (
    WAS_SHOWN,
    AuthorFacts,
    Content,
    Failure,
    Fault,
    Match,
    Outcome,
    RoomFacts,
    Signal,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """A line of the log about a machine verdict: columns of `models.ModerationLog`."""

    id: UUID
    created_at: datetime
    subject_type: str
    subject_id: UUID
    revision: int
    scope_id: UUID | None
    verdict: str
    score: float
    categories: Mapping[str, float]
    reason: str
    policy: str
    policy_version: str
    decided_by: str
    basis: Mapping[str, Any]
    signals: Mapping[str, Mapping[str, Any]]
    matches: Sequence[Mapping[str, Any]]
    failures: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Any]
    cost: float
    commitment: bytes | None  # to texts about it that may be erased

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.verdict)

    @property
    def subject(self) -> tuple[str, UUID, int]:
        """The type, the id and the revision of what was judged."""
        return self.subject_type, self.subject_id, self.revision

    @property
    def room_type(self) -> str:
        """The type of its room; empty for what belongs to no room."""
        return str(self.facts.get("room", {}).get("type", ""))

    @property
    def mode(self) -> str:
        """The mode of its room when it was judged; empty if unknown."""
        return str(self.facts.get("room", {}).get("mode", ""))

    @property
    def was_shown(self) -> bool:
        """Whether others saw the text before it was judged, as far as the log tells."""
        return self.mode == "post" or bool(self.facts.get(WAS_SHOWN))


def signals_of(decision: PastDecision, policy: CompiledPolicy) -> list[Signal]:
    """Return the stored signals in the order of the policy's providers, as they were decided on."""
    matches: dict[str, list[Match]] = {}
    for each in decision.matches:
        matches.setdefault(each["provider"], []).append(decode_match(each))
    order = {name: at for at, name in enumerate(policy.providers)}
    names = sorted(decision.signals, key=lambda name: (order.get(name, len(order)), name))
    return [
        replace(decode(name, decision.signals[name]), matches=tuple(matches.get(name, ())))
        for name in names
    ]


def failures_of(decision: PastDecision) -> list[Failure]:
    """Return the stored failures, in order."""
    return [
        Failure(
            provider=each["provider"],
            error=each.get("error", ""),
            fault=Fault(each.get("fault", Fault.UNKNOWN)),
            latency=each.get("latency", 0.0),
        )
        for each in decision.failures
    ]


def content_of(decision: PastDecision, text: str = "", **fields: Any) -> Content:
    """Return the content with the facts that were known then.

    Args:
        decision: The decision.
        text: The text; where it is not known, conditions read the stored length.
        fields: Further fields of the content.
    """
    facts = decision.facts
    return Content(
        subject_type=decision.subject_type,
        subject_id=decision.subject_id,
        revision=decision.revision,
        text=text or " " * facts.get("length", 0),
        scope_id=decision.scope_id,
        author=msgspec.convert(facts.get("author", {}), AuthorFacts),
        room=msgspec.convert(facts.get("room", {}), RoomFacts),
        counts=facts.get("counts", {}),
        **fields,
    )
