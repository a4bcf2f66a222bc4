"""Frames that tell moderators of cases."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from moderado.chat.selectors.case_audience import CaseReader
from moderado.moderation.events import CaseChange, CaseStep
from moderado.realtime.pubsub.envelope import CasesHint
from moderado.realtime.rooms.staff_notices import StaffNotices
from moderado.realtime.wire import case_frames
from moderado.realtime.wire.encode import Line, line_of

_FRAMES: dict[CaseStep, type[case_frames.CaseFrame]] = {
    CaseStep.OPENED: case_frames.CaseOpened,
    CaseStep.RETURNED: case_frames.CaseOpened,
    CaseStep.CLAIMED: case_frames.CaseClaimed,
    CaseStep.DECIDED: case_frames.CaseDecided,
    CaseStep.CLOSED: case_frames.CaseClosed,
    CaseStep.RELEASED: case_frames.CaseChanged,
    CaseStep.SNOOZED: case_frames.CaseChanged,
    CaseStep.ESCALATED: case_frames.CaseChanged,
}

_CASE_TYPES = {str(frame.__struct_config__.tag) for frame in case_frames.CASE_FRAMES}


class CaseAccess:
    """The access of a moderator to frames about cases, which `case_readers` has checked."""

    def admits(self, line: Line, /) -> bool:
        return line.frame_type in _CASE_TYPES


CASES = CaseAccess()


class CaseNotices(StaffNotices[CaseChange, CaseReader]):
    """The notices of cases of one event loop."""

    access = CASES

    def receive(self, hint: CasesHint) -> None:
        """Tell moderators here of these changes, soon."""
        self.collect(hint.changes)

    def lines(self, changes: Iterable[CaseChange], reader: CaseReader) -> Iterator[Line]:
        """Encode what a moderator may know of changes."""
        closed: set[UUID] = set()  # one frame, however many changes took the case out of the view
        for change in changes:
            if change.case_id in reader.queues:
                if change.party_id is None:
                    queue = reader.queues[change.case_id]
                    yield _line(_FRAMES[change.step], change, queue, reader)
            elif change.case_id in reader.left and change.case_id not in closed:
                closed.add(change.case_id)
                yield _line(case_frames.CaseClosed, change, reader.left[change.case_id], reader)


def _line(
    frame: type[case_frames.CaseFrame],
    change: CaseChange,
    queue: UUID | None,
    reader: CaseReader,
) -> Line:
    counts = reader.counts_of(queue)
    return line_of(
        frame(
            case=change.case_id,
            queue=queue,
            room=change.scope_id,
            origin=change.origin,
            open_count=reader.open_count,
            queue_open_count=counts.open_count,
            queue_oldest_seconds=counts.oldest_seconds,
        )
    )
