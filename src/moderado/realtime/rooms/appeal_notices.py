"""Frames that tell moderators of appeals."""

from collections.abc import Collection, Iterator
from uuid import UUID

from moderado.chat.selectors.appeal_audience import AppealReader
from moderado.enforcement.events import AppealChange
from moderado.enforcement.selectors.appeal_news import ShownAppeal
from moderado.realtime.pubsub.envelope import AppealsHint
from moderado.realtime.rooms.staff_notices import StaffNotices
from moderado.realtime.wire import appeal_frames
from moderado.realtime.wire.encode import Line, line_of

_TYPES = {str(frame.__struct_config__.tag) for frame in appeal_frames.APPEAL_FRAMES}


class AppealAccess:
    """The access of a moderator to frames about appeals, which `appeal_readers` has checked."""

    def admits(self, line: Line, /) -> bool:
        return line.frame_type in _TYPES


class AppealNotices(StaffNotices[AppealChange, AppealReader]):
    """The notices of appeals of one event loop.

    The present state of an appeal decides the frame: changes of one query are one frame.
    """

    access = AppealAccess()

    def receive(self, hint: AppealsHint) -> None:
        """Tell moderators here of these changes, soon."""
        self.collect(hint.changes)

    def lines(self, changes: Collection[AppealChange], reader: AppealReader) -> Iterator[Line]:
        """Encode what a moderator may know of changes."""
        overdue: dict[UUID, bool] = {}  # by appeal: whether all that happened to it is that
        for change in changes:
            if change.is_for_all:
                before = overdue.get(change.appeal_id, True)
                overdue[change.appeal_id] = before and change.is_overdue
        for change in changes:
            overdue.setdefault(change.appeal_id, False)
        for appeal_id, is_overdue in overdue.items():
            if (appeal := reader.seen.get(appeal_id)) is not None:
                yield _line(_frame_of(appeal, is_overdue=is_overdue), appeal, reader)
            elif (appeal := reader.left.get(appeal_id)) is not None:
                yield _line(appeal_frames.AppealClosed, appeal, reader)


def _frame_of(appeal: ShownAppeal, *, is_overdue: bool) -> type[appeal_frames.AppealFrame]:
    if not appeal.is_open:
        return appeal_frames.AppealClosed
    return appeal_frames.AppealOverdue if is_overdue else appeal_frames.AppealOpened


def _line(
    frame: type[appeal_frames.AppealFrame], appeal: ShownAppeal, reader: AppealReader
) -> Line:
    return line_of(
        frame(
            appeal=appeal.id,
            decision_type=appeal.decision_type,
            room=appeal.scope_id,
            case=appeal.case_id,
            open_count=reader.counts.open,
            overdue_count=reader.counts.overdue,
        )
    )
