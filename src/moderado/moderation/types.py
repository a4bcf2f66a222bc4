"""The value types of moderation: plain and frozen, shared by all layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec


def _empty_mapping() -> Mapping[Any, Any]:
    return MappingProxyType({})


class Outcome(StrEnum):
    """What happens to content, from mildest to severest."""

    ALLOW = "ALLOW"
    FLAG = "FLAG"  # visible, and a case is opened
    HOLD = "HOLD"  # waits for a moderator
    BLOCK = "BLOCK"

    @property
    def severity(self) -> int:
        """0 for ALLOW to 3 for BLOCK."""
        return _SEVERITY[self]


_SEVERITY = {outcome: severity for severity, outcome in enumerate(Outcome)}


class Category(StrEnum):
    """What content may be judged for. Every provider maps its own categories onto these."""

    PROFANITY = "profanity"  # swearing that is not aimed at a person
    INSULT = "insult"  # aimed at a person
    HARASSMENT = "harassment"
    HATE = "hate"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    THREAT = "threat"
    SELF_HARM = "self_harm"
    CHILD_SAFETY = "child_safety"  # never part of `sexual`
    EXTREMISM = "extremism"
    SPAM = "spam"
    SCAM = "scam"
    PERSONAL_DATA = "personal_data"
    ILLICIT = "illicit"


class Reason(StrEnum):
    """Why content is not shown: stable public codes for its author."""

    POLICY = "policy"  # a rule or a provider found a category; see `categories`
    REVIEW = "review"  # held for a moderator: the verdict was uncertain, or asked for review
    UNJUDGED = "unjudged"  # held because no provider could judge it
    MODERATOR = "moderator"  # a moderator ruled
    AUTHOR_REMOVED = "author_removed"  # the author was removed or deactivated while it waited
    ROOM_DELETED = "room_deleted"  # the room was deleted while it waited
    REMOVED = "removed"  # a moderator removed a public message


class CloseReason(StrEnum):
    """Why a case was closed: its subject, a revision, ended before a moderator decided."""

    DELETED = "deleted"
    REPLACED = "replaced"  # by an edit
    ROOM_DELETED = "room_deleted"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The content to judge. `scope_id` groups subjects that share moderators, such as a room."""

    subject_type: str
    subject_id: UUID
    revision: int
    text: str
    scope_id: UUID | None = None
    author_id: UUID | None = None
    context: Mapping[str, Any] = msgspec.field(default_factory=_empty_mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a rule matched: code points `[start, end)` of the original text."""

    start: int
    end: int
    rule: str
    category: Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One provider's assessment of one content. Scores in `categories` are 0..1."""

    provider: str
    outcome: Outcome
    model: str = ""
    categories: Mapping[Category, float] = field(default_factory=_empty_mapping)
    spans: tuple[Span, ...] = ()
    cost: float = 0.0  # in the provider's currency unit
    latency: float = 0.0  # seconds
    raw: Mapping[str, Any] = field(default_factory=_empty_mapping)


class Fault(StrEnum):
    """What is known about a call without an assessment."""

    NOT_ASKED = "not_asked"  # no call was made: spent budget, open breaker, provider's rest period
    NOT_DONE = "not_done"  # certainly not carried out
    BUSY = "busy"  # certainly not carried out; the provider asks for a rest period
    EXHAUSTED = "exhausted"  # certainly not carried out; the quota is spent, so a retry is futile
    UNKNOWN = "unknown"  # may have been carried out and billed
    NO_OPINION = "no_opinion"  # answered without an assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A provider without an assessment. Logged with the verdict, never read as one.

    `retry_after`: seconds after which this content may be sent again; None: not again.
    """

    provider: str
    error: str
    fault: Fault = Fault.UNKNOWN
    latency: float = 0.0  # seconds
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The policy's decision. `score` is that of the severest category, 0..1."""

    outcome: Outcome
    score: float = 0.0
    categories: Mapping[Category, float] = field(default_factory=_empty_mapping)
    reason: Reason | None = None  # None when the content is shown
    policy_version: str = ""
    decided_by: str = ""  # the deciding step: a provider's name, `unjudged`, `off`, …
    assessments: tuple[Assessment, ...] = ()
    failures: tuple[Failure, ...] = ()
