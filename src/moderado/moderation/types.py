"""The vocabulary of moderation: plain, frozen values that every layer may share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec


def _nothing() -> Mapping[Any, Any]:
    return MappingProxyType({})


class Outcome(StrEnum):
    """What becomes of the content, from mildest to severest."""

    ALLOW = "ALLOW"
    FLAG = "FLAG"  # visible, and a case is opened
    HOLD = "HOLD"  # waits for a person
    BLOCK = "BLOCK"

    @property
    def severity(self) -> int:
        """0 for ALLOW to 3 for BLOCK."""
        return _SEVERITY[self]


_SEVERITY = {outcome: severity for severity, outcome in enumerate(Outcome)}


class Category(StrEnum):
    """What may be wrong with content. Every provider maps its own categories onto these."""

    PROFANITY = "profanity"
    HARASSMENT = "harassment"
    HATE = "hate"
    SEXUAL = "sexual"
    VIOLENCE = "violence"
    SELF_HARM = "self_harm"
    THREAT = "threat"
    SPAM = "spam"
    PERSONAL_DATA = "personal_data"
    ILLICIT = "illicit"


class Reason(StrEnum):
    """Why content is not shown, as its author is told: stable codes, public."""

    POLICY = "policy"  # a rule or a provider found a category; see `categories`
    REVIEW = "review"  # held for a person: the machine was not sure, or said to wait
    UNJUDGED = "unjudged"  # held because nobody could judge it
    MODERATOR = "moderator"  # a person ruled


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be judged. `scope_id` groups subjects that share moderators (a room, say)."""

    subject_type: str
    subject_id: UUID
    revision: int
    text: str
    scope_id: UUID | None = None
    author_id: UUID | None = None
    lang_hint: str = ""
    context: Mapping[str, Any] = msgspec.field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a rule matched: code points `[start, end)` of the original text."""

    start: int
    end: int
    rule: str
    category: Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One provider's opinion of one content. `categories` scores are 0..1."""

    provider: str
    outcome: Outcome
    model: str = ""
    categories: Mapping[Category, float] = field(default_factory=_nothing)
    spans: tuple[Span, ...] = ()
    cost: float = 0.0  # in the provider's currency unit
    latency: float = 0.0  # seconds
    raw: Mapping[str, Any] = field(default_factory=_nothing)


class Fault(StrEnum):
    """What is known of a call that brought no opinion."""

    NOT_ASKED = "not_asked"  # no call was made: a spent budget, an open breaker, a provider at rest
    NOT_DONE = "not_done"  # surely not carried out
    BUSY = (
        "busy"  # surely not carried out; the provider named the seconds it wants to be left alone
    )
    EXHAUSTED = "exhausted"  # surely not carried out, nor will another be: its quota is spent
    UNKNOWN = "unknown"  # may have been carried out, and billed
    NO_OPINION = "no_opinion"  # it answered, and the answer is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A provider that gave no opinion. Logged beside the verdict, never read as one.

    `retry_after`: it may be asked about this content again, in so many seconds.
    """

    provider: str
    error: str
    fault: Fault = Fault.UNKNOWN
    latency: float = 0.0  # seconds
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the policy concludes. `score` is the severest category's, 0..1."""

    outcome: Outcome
    score: float = 0.0
    categories: Mapping[Category, float] = field(default_factory=_nothing)
    reason: Reason | None = None  # None when the content is shown
    policy_version: str = ""
    decided_by: str = (
        ""  # which step of the ladder decided: a provider's name, `unjudged`, `off`, …
    )
    assessments: tuple[Assessment, ...] = ()
    failures: tuple[Failure, ...] = ()
