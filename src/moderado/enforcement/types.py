"""The value types of enforcement: plain and frozen, shared by all layers."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from moderado.core import clock
from moderado.moderation.types import Outcome, Reason

# Kinds of subject besides texts: an account, a room as a whole, and what a notice points at if it
# is none of those.
PERSON = "person"
ROOM = "room"
NOTICE = "notice"
WITHOUT_TEXT = frozenset({PERSON, ROOM, NOTICE})

# The reference of holds that keep what endangers children, without an order.
BY_LAW = "Lei 15.211/2025, art. 27"

LEASE = timedelta(minutes=15)  # of a claim
UNDO = timedelta(seconds=10)  # in which a ruling can be undone; then its people are notified
REPEAT = timedelta(seconds=60)  # a click that is repeated, or a request that is sent again


class ContentOutcome(StrEnum):
    """What a ruling does with the content."""

    ALLOW = "allow"
    REMOVE = "remove"
    KEEP_FLAGGED = "keep_flagged"  # visible, and marked as doubtful in the record
    HOLD = "hold"  # of reversals only: hidden again as before, and its case is open


# What a moderator may decide.
DECIDABLE = (ContentOutcome.ALLOW, ContentOutcome.REMOVE, ContentOutcome.KEEP_FLAGGED)
SHOWING = frozenset({ContentOutcome.ALLOW, ContentOutcome.KEEP_FLAGGED})

OUTCOME_OF = {
    ContentOutcome.ALLOW: Outcome.ALLOW,
    ContentOutcome.REMOVE: Outcome.BLOCK,
    ContentOutcome.KEEP_FLAGGED: Outcome.FLAG,
    ContentOutcome.HOLD: Outcome.HOLD,
}
CONTENT_OF = {outcome: content for content, outcome in OUTCOME_OF.items()}


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts on cases, and where: `scope_ids` are their rooms, None for staff: everywhere.

    Only with `sees_restricted` do cases about danger to children exist for them.
    """

    id: UUID
    scope_ids: Collection[UUID] | None
    sees_restricted: bool = False


class SanctionKind(StrEnum):
    """The measures against a person, from the mildest on."""

    WARNING = "warning"
    STRIKE = "strike"
    SLOW = "slow"
    MUTE = "mute"
    BAN = "ban"


class MeasureScope(StrEnum):
    """Where a sanction of a ruling holds: in the room of the case, or everywhere."""

    ROOM = "room"
    SERVER = "server"


WITHOUT_CATEGORY = "reviewed"  # the reason of a ruling in the admin that names no category
# Codes of reasons that say nothing to people: sentences leave them out.
WITHOUT_WORDS = frozenset({"", WITHOUT_CATEGORY, *Reason})
# The reason of a sanction to which no moderator but the points of strikes led.
STRIKES = "strikes"


class SanctionBasis(msgspec.Struct, frozen=True, kw_only=True):
    """What a strike, or a sanction that strikes led to, is based on.

    Args:
        policy: The policy that judged the content; empty for the one in force in the scope.
        categories: What was found, for a strike whose reason is no category.
        verdict_id: The line of the log with the machine's verdict that gave the strike.
        cause_id: The strike by which the points reached `threshold`.
        threshold: In points.
    """

    policy: str = ""
    categories: tuple[str, ...] = ()
    verdict_id: UUID | None = None
    cause_id: UUID | None = None
    threshold: int | None = None


NO_BASIS = SanctionBasis()


class SanctionEnd(StrEnum):
    """Why a sanction is no longer in force."""

    LIFTED = "lifted"
    EXPIRED = "expired"
    UNDONE = "undone"  # with its ruling, or by an appeal: it should not have been


class Restriction(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may not do now, or what a room does not allow now.

    Args:
        kind: `ban`, `mute`, `slow` or `suspension` of a person; of a room, the code of the measure.
        until: When it ends; None for no end.
        reason: The code that the person sees; empty for a measure on a room.
        sanction: The id of the sanction; None for a measure on a room.
        note: What the moderator wrote to the person.
        retry_after: Seconds until the next message is allowed, in slow mode.
        decision: What is appealed; None for a measure on a room.
        appeal_until: When the time to appeal ends.
    """

    kind: str
    until: datetime | None = None
    reason: str = ""
    sanction: UUID | None = None
    note: str = ""
    retry_after: int | None = None
    decision: UUID | None = None
    appeal_until: datetime | None = None


class ReportState(StrEnum):
    """How far a report has come."""

    OPEN = "open"
    DECIDED = "decided"
    CLOSED = "closed"  # what it pointed at was changed or deleted before a decision


class ReportOutcome(StrEnum):
    """What a report led to. Its reporter reads it; what the measures are stays with the author."""

    ACTION = "action_taken"
    NO_ACTION = "no_action"


def is_in_force(restriction: Restriction) -> bool:
    """Tell whether a restriction that was read before is not over by now."""
    return restriction.until is None or restriction.until > clock.estimated()


class DecisionType(StrEnum):
    """What can be appealed, by the record that stores it."""

    RULING = "ruling"
    VERDICT = "verdict"  # of a machine: a line of the moderation log
    SANCTION = "sanction"  # without a ruling
    SUSPENSION = "suspension"  # from reporting
    PURGE = "purge"  # of an author's latest messages
    DELETION = "deletion"  # by a moderator of the room: the text is gone, so there is no appeal
    REPORT = "report"  # on which no action was taken; its reporter appeals


class AppealState(StrEnum):
    """How far an appeal has come."""

    OPEN = "open"
    DECIDED = "decided"


class AppealOutcome(StrEnum):
    """What became of the first decision."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"
    ENDED = "ended"  # its subject was changed or deleted, so that there is nothing to decide


class OwnThing(StrEnum):
    """What a person has lists of, and devices keep copies of."""

    REPORT = "report"
    APPEAL = "appeal"
    SANCTION = "sanction"
    DECISION = "decision"
    BLOCK = "block"


class NoticeRole(StrEnum):
    """In what quality a person gives notice of content."""

    VICTIM = "victim"
    REPRESENTATIVE = "representative"  # of a victim: a parent, a guardian, a lawyer
    PROSECUTOR = "prosecutor"
    CHILD_PROTECTION = "child_protection"  # an entity for the defence of children's rights
    OTHER = "other"


class NoticeState(StrEnum):
    """How far a notice has come."""

    UNCONFIRMED = "unconfirmed"  # waits for the code that was sent by e-mail
    OPEN = "open"
    DECIDED = "decided"


class NoticeOutcome(StrEnum):
    """What a notice led to. What the measures are stays with the author."""

    ACTION = "action_taken"
    NO_ACTION = "no_action"
    UNAVAILABLE = "unavailable"  # there is no such content, or not any more


class MailKind(StrEnum):
    """The e-mails of a notice."""

    CODE = "code"
    RECEIPT = "receipt"
    OUTCOME = "outcome"
