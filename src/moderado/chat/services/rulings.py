"""Apply moderators' rulings to messages and take them back, in the transaction of the ruling."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from moderado.chat import states
from moderado.chat.models import Message
from moderado.chat.services.exposure import ends_exposure, measure_exposure
from moderado.chat.services.notices import announce, announce_shown
from moderado.chat.services.publication import Changed, write
from moderado.chat.services.transitions import SUBJECT, advance, phase_of, text_of
from moderado.chat.states import VISIBLE, Decision, Phase
from moderado.core.database import require_transaction
from moderado.moderation.errors import CaseSuperseded, OwnCase
from moderado.moderation.events import CaseDecided, DecisionUndone, ReviewStarted
from moderado.moderation.help_lines import recategorized
from moderado.moderation.services.blocked_texts import blocked_among, remember_ruling
from moderado.moderation.services.closing import close_cases
from moderado.moderation.services.deciding import IS_SHOWN, WAS_SEEN, remember_before
from moderado.moderation.types import CloseReason, Outcome, Reason


def lock_subject(event: ReviewStarted) -> None:
    """Lock the message on which a person is about to act: messages before cases.

    Requires a transaction.
    """
    require_transaction()
    if event.subject_type == SUBJECT:
        messages = Message.objects.select_for_update(of=("self",), no_key=True)
        list(messages.filter(pk=event.subject_id).only("pk"))


def apply_ruling(event: CaseDecided) -> None:
    """Apply a moderator's ruling to the revision that it names.

    Runs in the transaction of the ruling, so that both are stored or neither. Requires a
    transaction.

    Raises:
        OwnCase: The moderator is the author of the message.
        CaseSuperseded: The ruling would have no effect: the revision was deleted or replaced. A
            reversal without effect on the message is no error, nor is a ruling on what members
            have reported: a blocked text is remembered, and sanctions follow (ADR 0136).
    """
    if event.subject_type != SUBJECT:
        return
    require_transaction()
    message = _locked(event.subject_id)
    if message is not None and message.author_id == event.actor_id:  # a case that names no author
        raise OwnCase
    ended = _apply(message, event)
    if ended is not None and not (event.is_reversal or event.is_reported):
        raise CaseSuperseded(ended)


def undo_ruling(event: DecisionUndone) -> None:
    """Restore the revision as it was before the ruling; close its case if it has ended since.

    Runs in the transaction of the undoing. Requires a transaction.
    """
    if event.subject_type != SUBJECT:
        return
    require_transaction()
    message = _locked(event.subject_id)
    if message is None:
        return
    if event.before:  # else the ruling had no effect: the text had ended
        _put_back(message, event, event.before)
    if event.revision not in {message.revision, message.edit_revision} or _is_removed(message):
        close_cases(
            subject_type=SUBJECT,
            subject_id=message.id,
            revisions=[event.revision],
            reason=CloseReason.DELETED if _is_removed(message) else CloseReason.REPLACED,
            ends_reports=False,
        )


def _put_back(message: Message, event: DecisionUndone, before: Mapping[str, Any]) -> None:
    _remember(message, event.revision, Outcome.BLOCK if before["was_blocked"] else Outcome.ALLOW)
    why = Decision(before["reason"], before["categories"])
    undone = states.Undone(event.revision, Phase(before["phase"]), before["was_edit"])
    step = advance(message, undone, why=why)
    if step.is_applied:
        write([Changed(message, step.change)])
        announce(message, step, why)
        announce_shown(message, step)


def _apply(message: Message | None, event: CaseDecided) -> CloseReason | None:
    """Apply a ruling; return why the revision has ended if it has."""
    if message is None:
        return CloseReason.DELETED
    if message.room.deleted_at is not None:
        return CloseReason.ROOM_DELETED
    outcome = Outcome.BLOCK if event.outcome is Outcome.BLOCK else Outcome.ALLOW
    ruling = states.Ruling(event.revision, outcome)
    before = _before(message, ruling)
    why = Decision(Reason.REMOVED if before[WAS_SEEN] else Reason.MODERATOR, _blamed(event, before))
    text = text_of(message, event.revision) or ""
    step = advance(message, ruling, why=why, sweep_id=event.sweep_id)
    if not step.is_applied:
        if event.is_reported and text:
            remember_before(case_id=event.case_id, state={**before, WAS_SEEN: None})
            _remember(message, event.revision, outcome, text)
        return CloseReason.DELETED if _is_removed(message) else CloseReason.REPLACED
    remember_before(case_id=event.case_id, state=before)
    _remember(message, event.revision, outcome, text)
    measure_exposure([message] if ends_exposure(step) else [])
    write([Changed(message, step.change)])
    announce(message, step, why)
    announce_shown(message, step)
    return None


def _blamed(event: CaseDecided, before: Mapping[str, Any]) -> list[str]:
    """Return what the author reads that the text was found to be: as the moderator decided.

    What a machine found stays where a reversal names no category: its reason is for staff.
    """
    if event.is_reversal and not event.category:
        found: list[str] = before["categories"]
        return found
    return recategorized(before["categories"], event.category)


def _before(message: Message, ruling: states.Ruling) -> Mapping[str, Any]:
    phase, was_edit = phase_of(message, ruling)
    text = text_of(message, ruling.revision) or ""
    blocked = blocked_among(scope_id=message.room_id, author_id=message.author_id, texts={text})
    is_shown = not was_edit and phase in VISIBLE and ruling.revision == message.revision
    return {
        "phase": phase,
        "was_edit": was_edit,
        "was_blocked": text in blocked,
        "reason": message.edit_reason if was_edit else message.reason,
        "categories": list(message.edit_categories if was_edit else message.categories),
        IS_SHOWN: is_shown,
        WAS_SEEN: is_shown or _is_taken_down(message, ruling),
    }


def _remember(message: Message, revision: int, outcome: Outcome, text: str | None = None) -> None:
    remember_ruling(
        scope_id=message.room_id,
        author_id=message.author_id,
        text=text if text is not None else text_of(message, revision) or "",
        outcome=outcome,
    )


def _is_taken_down(message: Message, ruling: states.Ruling) -> bool:
    """Tell whether an earlier ruling hid this revision, which others had seen."""
    return (
        ruling.revision == message.revision
        and message.status == Message.Status.REJECTED
        and message.reason == Reason.REMOVED
    )


def _is_removed(message: Message) -> bool:
    return message.status == Message.Status.REMOVED


def _locked(message_id: UUID) -> Message | None:
    return (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related("author", "room")
        .filter(pk=message_id)
        .first()
    )
