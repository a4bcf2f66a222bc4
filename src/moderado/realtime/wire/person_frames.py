"""Frames of enforcement to one person: about their reports, decisions and blocks."""

from typing import Annotated

from msgspec import Meta

from moderado.accounts.types import Person
from moderado.enforcement.views import (
    AppealView,
    DecisionView,
    Moment,
    ReportView,
    SanctionView,
    SuspensionView,
)
from moderado.realtime.wire.server_frame import ServerFrame


class ReportDecided(ServerFrame, frozen=True, tag="report_decided"):
    """To the reporter: a report was decided, or its decision has changed after an appeal."""

    report: ReportView


class BlockChanged(ServerFrame, frozen=True, tag="block_changed"):
    """To all devices of a member who blocks a person, or no longer does."""

    user: Person
    is_blocked: Annotated[bool, Meta(description="Whether this member blocks the person now.")]
    created_at: Annotated[Moment | None, Meta(description="Since when; null without a block.")]


class SanctionApplied(ServerFrame, frozen=True, tag="sanction_applied"):
    """To the person: a sanction is in force. After a ban of the server, the connection closes."""

    sanction: SanctionView


class SanctionChanged(ServerFrame, frozen=True, tag="sanction_changed"):
    """To the person: a moderator has changed when a sanction ends. It may repeat."""

    sanction: SanctionView


class SanctionLifted(ServerFrame, frozen=True, tag="sanction_lifted"):
    """To the person: a sanction was lifted, or its term is over."""

    sanction: SanctionView


class DecisionMade(ServerFrame, frozen=True, tag="decision_made"):
    """To the author: a moderator has decided about them, why, and how to appeal.

    It comes once the ruling cannot be undone any more; the sanctions of a ruling come at once.
    """

    decision: DecisionView


class DecisionReversed(ServerFrame, frozen=True, tag="decision_reversed"):
    """To the author: a decision about them has no consequences any more."""

    decision: DecisionView


class MessagesPurged(ServerFrame, frozen=True, tag="messages_purged"):
    """To the author, once: a moderator has removed their latest messages."""

    decision: DecisionView


class AppealDecided(ServerFrame, frozen=True, tag="appeal_decided"):
    """To the appellant: another person than the first decider has decided the appeal."""

    appeal: AppealView


class ReportingSuspended(ServerFrame, frozen=True, tag="reporting_suspended"):
    """To the member: they may not report until `ends_at`, and may appeal."""

    suspension: SuspensionView


class ReportingRestored(ServerFrame, frozen=True, tag="reporting_restored"):
    """To the member: a suspension from reporting was lifted."""

    suspension: SuspensionView


PERSON_FRAMES: tuple[type[ServerFrame], ...] = (
    ReportDecided,
    DecisionMade,
    DecisionReversed,
    MessagesPurged,
    AppealDecided,
    ReportingSuspended,
    ReportingRestored,
    SanctionApplied,
    SanctionChanged,
    SanctionLifted,
    BlockChanged,
)
