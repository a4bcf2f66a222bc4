"""Frames of enforcement to one person: about their reports, decisions and blocks."""

from typing import Annotated

from msgspec import Meta

from moderado.enforcement.selectors.sanctions import SanctionView
from moderado.enforcement.views import ReportView
from moderado.realtime.wire.server_frame import ServerFrame
from moderado.realtime.wire.user_ref import UserRef


class ReportDecided(ServerFrame, frozen=True, tag="report_decided"):
    """To the reporter: a report was decided, or its decision has changed after an appeal."""

    report: ReportView


class BlockChanged(ServerFrame, frozen=True, tag="block_changed"):
    """To all devices of a member who blocks a person, or no longer does."""

    user: UserRef
    is_blocked: Annotated[bool, Meta(description="Whether this member blocks the person now.")]


class SanctionApplied(ServerFrame, frozen=True, tag="sanction_applied"):
    """To the person: a sanction is in force. After a ban of the server, the connection closes."""

    sanction: SanctionView


class SanctionLifted(ServerFrame, frozen=True, tag="sanction_lifted"):
    """To the person: a sanction was lifted, or its term is over."""

    sanction: SanctionView
