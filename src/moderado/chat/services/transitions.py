"""Apply an input of `chat.lifecycle` to a locked message: load its state, store the result.

The message itself is changed in memory, and `services.publication` writes it. Texts that enter or
leave its row are read from and written to `Revision` here.
"""

from functools import partial
from uuid import UUID

from django.db.models import QuerySet

from moderado.chat import lifecycle
from moderado.chat.events import ChangeKind
from moderado.chat.models import Message, Revision
from moderado.chat.states import (
    NO_DECISION,
    NO_HISTORY,
    Decision,
    Edited,
    History,
    Input,
    Kept,
    Phase,
    Ruling,
    State,
    Transition,
    Verdict,
)
from moderado.core import clock
from moderado.moderation.services.blocked_texts import blocked_among
from moderado.moderation.services.closing import close_cases, reopen_case
from moderado.moderation.services.hash_bank import banked_among
from moderado.moderation.services.recording import judged_revisions
from moderado.moderation.types import CloseReason, Outcome, Reason

SUBJECT = "message"  # the type of subject that messages are for moderation
Status = Message.Status

# A text and why it is not shown: its reason and categories.
_Slot = tuple[str, str, list[str]]

STATUS: dict[Phase, Status] = {
    Phase.PENDING: Status.PENDING,
    Phase.UNJUDGED: Status.APPROVED,
    Phase.APPROVED: Status.APPROVED,
    Phase.HELD: Status.HELD,
    Phase.REJECTED: Status.REJECTED,
    Phase.REMOVED: Status.REMOVED,
}
_PHASE: dict[str, Phase] = {
    str(status): phase for phase, status in STATUS.items() if phase != Phase.UNJUDGED
}
_SHOWN = frozenset({Outcome.ALLOW, Outcome.FLAG})
_WITH_REASON = frozenset({Phase.HELD, Phase.REJECTED, Phase.REMOVED})


def advance(
    message: Message,
    happened: Input,
    *,
    text: str = "",
    why: Decision = NO_DECISION,
    sweep_id: UUID | None = None,
    ends_reports: bool = False,
) -> Transition:
    """Change `message`, whose row the caller has locked, as the lifecycle demands.

    Args:
        message: The locked message; changed in memory, not saved.
        happened: The input.
        text: The new text of `Edited`.
        why: Why a verdict or ruling hides the text.
        sweep_id: What removes this message among many.
        ends_reports: Whether moderators delete many messages at once, which also ends the cases
            that members have reported (ADR 0136).

    Returns:
        The transition, whose change and notices the caller publishes. The cases of revisions that
        ended with it are closed.
    """
    before = _state_of(message, happened)
    history = _history_of(message) if lifecycle.needs_history(before, happened) else NO_HISTORY
    step = lifecycle.transition(before, happened, history)
    if not step.is_applied:
        return step
    after = step.state
    if after.revision == before.revision and after.edit_revision == before.edit_revision:
        _store_in_place(message, step, why)
    else:
        _move_texts(message, before, step, (text, why.reason, list(why.categories)))
    if step.rejects or step.accepts:
        status = Status.REJECTED if step.rejects else Status.APPROVED
        _kept(message, step.rejects or step.accepts).update(status=status)
    _end_cases(message, step, ends_reports=ends_reports)
    _store_state(message, step)
    has_left = step.state.phase is Phase.REMOVED and before.is_visible
    message.removed_at = clock.estimated() if has_left else None
    if step.change:
        message.sweep_id = sweep_id if step.change is ChangeKind.REMOVED else None
    return step


def _end_cases(message: Message, step: Transition, *, ends_reports: bool) -> None:
    """Close the cases of revisions that leave the row, which no ruling can change any more."""
    close = partial(
        close_cases, subject_type=SUBJECT, subject_id=message.id, ends_reports=ends_reports
    )
    if step.state.phase is Phase.REMOVED:
        close(reason=CloseReason.DELETED)
    elif step.keeps:
        replaced = [each.revision for each in step.keeps]
        close(reason=CloseReason.REPLACED, revisions=replaced)
    if step.restores:
        reopen_case(subject_type=SUBJECT, subject_id=message.id, revision=step.restores)


def state_of(message: Message) -> State:
    """Return the state of a message for the lifecycle, to bring it back later."""
    return _state_of(message, Verdict(message.revision, Outcome.BLOCK))


def phase_of(message: Message, ruling: Ruling) -> tuple[Phase | None, bool]:
    """Return the phase of the revision that a ruling names, and whether it is an edit.

    None if the message never had this revision.
    """
    state = _state_of(message, ruling)
    if ruling.revision == state.revision:
        return state.phase, False
    if ruling.revision == state.edit_revision:
        return state.edit, True
    kept = _kept(message, ruling.revision).values_list("status", flat=True).first()
    return (_PHASE[kept] if kept else None), False


def text_of(message: Message, revision: int) -> str | None:
    """Return the text of a revision, or None if the message never had it."""
    if revision == message.revision:
        return message.text
    if revision == message.edit_revision:
        return message.edit_text
    return _kept(message, revision).values_list("text", flat=True).first()


def newest_text(message: Message) -> str:
    """Return the text of the highest revision: the author's last words, shown or not."""
    if message.edit_text is not None:
        return message.edit_text
    if message.status == Status.REMOVED:  # the edit that was beside it is kept as a revision
        later = Revision.objects.filter(message=message, revision__gt=message.revision)
        kept = later.order_by("-revision").values_list("text", flat=True).first()
        return message.text if kept is None else kept
    return message.text


def _store_state(message: Message, step: Transition) -> None:
    after = step.state
    message.status = STATUS[after.phase]
    if after.phase is Phase.REMOVED and message.reason == Reason.REMOVED:
        message.reason = Reason.MODERATOR  # by a ruling; `removed` would be a moderator's deletion
    message.edit_status = STATUS[after.edit] if after.edit else None
    if after.is_published and message.published_at is None:
        message.published_at = clock.estimated()  # `publication` stores the time of its commit
    if after.awaits is None:
        message.queued_at = message.lease_until = None
    elif step.requeues:
        # A worker that judges an older revision finds another text and drops its verdict.
        message.queued_at, message.lease_until, message.attempts = clock.now(), None, 0


def _state_of(message: Message, happened: Input) -> State:
    phase: Phase = _PHASE[message.status]
    edit = _PHASE[message.edit_status] if message.edit_status else None
    if phase is Phase.APPROVED and message.queued_at is not None:
        is_judged = edit is Phase.PENDING and _is_main_judged(message, happened)
        phase = Phase.APPROVED if is_judged else Phase.UNJUDGED
    return State(
        phase,
        message.revision,
        edit,
        message.edit_revision or 0,
        message.published_at is not None,
    )


def _is_main_judged(message: Message, happened: Input) -> bool:
    """Whether the visible revision is judged while an edit of it waits: the log says so.

    It does not matter, and is not read, if the message is deleted or the edit is allowed.
    """
    is_replaced = not isinstance(happened, Edited | Verdict | Ruling) or (
        isinstance(happened, Verdict | Ruling)
        and happened.revision == message.edit_revision
        and happened.outcome in _SHOWN
    )
    return is_replaced or message.revision in judged_revisions(message.id)


def _history_of(message: Message) -> History:
    """Load the replaced revisions.

    One whose text a moderator blocked, or an order removed, counts as rejected.
    """
    rows = Revision.objects.filter(message=message).values_list("revision", "status", "text")
    kept = list(rows)
    texts = {text for _, status, text in kept if status == Status.APPROVED}
    blocked = banked_among(texts) | blocked_among(
        scope_id=message.room_id, author_id=message.author_id, texts=texts
    )
    return History(
        kept=tuple(
            Kept(revision, Phase.REJECTED if text in blocked else _PHASE[status])
            for revision, status, text in kept
        ),
        judged=judged_revisions(message.id),
    )


def _store_in_place(message: Message, step: Transition, why: Decision) -> None:
    if step.refused and step.refused == step.state.edit_revision:
        message.edit_reason, message.edit_categories = why.reason, list(why.categories)
    elif step.refused:
        message.reason, message.categories = why.reason, list(why.categories)
    elif step.state.phase not in _WITH_REASON:
        message.reason, message.categories = "", []


def _move_texts(message: Message, before: State, step: Transition, given: _Slot) -> None:
    """Store revisions that change places; `given` is the new text, or the reason of a refusal."""
    after = step.state
    slots: dict[int, _Slot] = {
        before.edit_revision: (
            message.edit_text or "",
            message.edit_reason,
            message.edit_categories,
        ),
        before.revision: (message.text, message.reason, message.categories),
    }
    if step.refused:
        slots[step.refused] = (slots[step.refused][0], *given[1:])
    if step.restores:
        slots[step.restores] = (_restored_text(message, step.restores), "", [])
    if (newest := after.newest) > before.newest and newest != step.restores:
        slots[newest] = (given[0], "", [])
    Revision.objects.bulk_create(
        Revision(
            message=message,
            revision=kept.revision,
            text=slots[kept.revision][0],
            status=STATUS[kept.phase],
        )
        for kept in step.keeps
    )
    _fill(message, before, after, slots)


def _fill(message: Message, before: State, after: State, slots: dict[int, _Slot]) -> None:
    message.text, message.reason, message.categories = slots[after.revision]
    if after.phase not in _WITH_REASON:
        message.reason, message.categories = "", []
    if after.revision > before.revision:
        message.edited_at = clock.estimated()
    message.revision = after.revision
    if after.edit:
        message.edit_revision = after.edit_revision
        message.edit_text, message.edit_reason, message.edit_categories = slots[after.edit_revision]
    else:
        message.edit_text = message.edit_revision = None
        message.edit_reason, message.edit_categories = "", []


def _restored_text(message: Message, revision: int) -> str:
    """Take a kept revision back: each revision is in one place."""
    kept = _kept(message, revision)
    text = kept.values_list("text", flat=True)[0]
    kept.delete()
    return text


def _kept(message: Message, revision: int) -> "QuerySet[Revision]":
    return Revision.objects.filter(message=message, revision=revision)
