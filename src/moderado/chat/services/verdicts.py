"""What a verdict or a ruling does to a message. One transaction: rows, numbers and log together.

The caller has locked the messages in this transaction and compared their revisions.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog
from django.utils import timezone

from moderado.chat.errors import NoSuchMessage
from moderado.chat.events import ChangeKind, MessagesQueued, Notice
from moderado.chat.models import Message
from moderado.chat.services import revisions
from moderado.chat.services.notices import notify_author
from moderado.chat.services.publication import SETTLED, Changed, write
from moderado.core import failpoints
from moderado.core.events import publish
from moderado.core.metrics import VERDICT_SECONDS, VERDICTS
from moderado.moderation.events import CaseDecided
from moderado.moderation.services.screening import is_judged, record
from moderado.moderation.types import Content, Outcome, Reason, Verdict

log = structlog.get_logger(__name__)

SUBJECT = "message"
Status = Message.Status


class Judged(msgspec.Struct, frozen=True):
    """A locked message, what was judged of it, and how."""

    message: Message
    content: Content
    verdict: Verdict


def content_of(message: Message) -> Content:
    """What moderation is given: the waiting text, or the shown one. No names, no addresses."""
    waiting = message.edit_status == Status.PENDING
    return Content(
        subject_type=SUBJECT,
        subject_id=message.id,
        revision=(message.edit_revision or 0) if waiting else message.revision,
        text=(message.edit_text or "") if waiting else message.text,
        scope_id=message.room_id,
        author_id=message.author_id,
    )


def apply(judged: Sequence[Judged]) -> None:
    """Log every verdict, settle its message, number what becomes public, tell the authors."""
    if not judged:
        return
    record([(each.content, each.verdict) for each in judged])
    had_edits = False
    changes: list[Changed] = []
    told: list[tuple[Message, Notice]] = []
    waited_since = [each.message.queued_at for each in judged]
    for each in judged:
        message = each.message
        had_edits |= message.revision > 1 or message.edit_status is not None
        kind, notice = _settle(message, each.verdict)
        changes.append(Changed(message, kind))
        if notice:
            told.append((message, notice))
    now = write(changes) if had_edits else write(changes, SETTLED)
    for message, notice in told:
        notify_author(message, notice)
    _measure(judged, waited_since, now)
    failpoints.reach("worker.before_apply_commit")


def apply_ruling(event: CaseDecided) -> None:
    """A moderator's word stands over any machine's, if it names the text that is there now.

    Runs in the ruling's own transaction, so that neither is ever stored without the other.
    """
    if event.subject_type != SUBJECT:
        return
    message = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related("author")
        .filter(pk=event.subject_id)
        .first()
    )
    if message is None:
        raise NoSuchMessage
    if content_named(message, event.revision) is None or message.status == Status.REMOVED:
        log.info("ruling_superseded", message_id=str(message.id), revision=event.revision)
        return
    kind, notice = _rule(message, event)
    write([Changed(message, kind)])
    if notice:
        notify_author(message, notice)


def content_named(message: Message, revision: int) -> str | None:
    """The text that `revision` names, if it is still shown or still waits beside."""
    if message.edit_status is not None and message.edit_revision == revision:
        return message.edit_text
    return message.text if message.revision == revision else None


Effect = tuple[ChangeKind | None, Notice | None]


def _settle(message: Message, verdict: Verdict) -> Effect:
    """What the machine's verdict changes in `message`, for the room and for its author."""
    message.queued_at = message.lease_until = None
    shown = verdict.outcome in {Outcome.ALLOW, Outcome.FLAG}
    categories = [str(category) for category in verdict.categories]
    reason = str(verdict.reason or "")
    if message.edit_status == Status.PENDING:
        if shown:
            revisions.promote_edit(message)
            return ChangeKind.UPDATED, None
        return None, _refuse_edit(message, verdict.outcome, reason, categories)
    if message.status == Status.PENDING:
        return _publish(message) if shown else _refuse(message, verdict.outcome, reason, categories)
    if verdict.outcome is not Outcome.BLOCK:
        return None, None  # Mode `post`: it is visible and stays so.
    if revisions.revert(message, reason=reason, categories=categories):
        if not is_judged(subject_id=message.id, revision=message.revision):
            # It was replaced before its turn came: now that it is shown again, it has one.
            revisions.queue(message)
            publish(MessagesQueued(message_ids=(message.id,)))
        return ChangeKind.UPDATED, Notice.REJECTED
    _, notice = _refuse(message, Outcome.BLOCK, reason, categories)
    return ChangeKind.REMOVED, notice


def _rule(message: Message, event: CaseDecided) -> Effect:
    message.queued_at = message.lease_until = None
    allowed = event.outcome is Outcome.ALLOW
    if message.edit_status is not None and message.edit_revision == event.revision:
        if allowed:
            revisions.promote_edit(message)
            return ChangeKind.UPDATED, None
        return None, _refuse_edit(message, Outcome.BLOCK, Reason.MODERATOR, [])
    if allowed:
        return (None, None) if message.status == Status.APPROVED else _publish(message)
    was_visible = message.status == Status.APPROVED
    revisions.set_edit_aside(message)
    _, notice = _refuse(message, Outcome.BLOCK, Reason.MODERATOR, message.categories)
    return (ChangeKind.REMOVED if was_visible else None), notice


def _publish(message: Message) -> Effect:
    message.status, message.reason, message.categories = Status.APPROVED, "", []
    if message.published_at is None:
        message.published_at = timezone.now()
        return ChangeKind.PUBLISHED, None
    return ChangeKind.UPDATED, None


def _refuse(message: Message, outcome: Outcome, reason: str, categories: list[str]) -> Effect:
    held = outcome is Outcome.HOLD
    message.status = Status.HELD if held else Status.REJECTED
    message.reason, message.categories = reason, categories
    return None, Notice.HELD if held else Notice.REJECTED


def _refuse_edit(message: Message, outcome: Outcome, reason: str, categories: list[str]) -> Notice:
    held = outcome is Outcome.HOLD
    message.edit_status = Status.HELD if held else Status.REJECTED
    message.edit_reason, message.edit_categories = reason, categories
    return Notice.HELD if held else Notice.REJECTED


def _measure(
    judged: Sequence[Judged], waited_since: Sequence[datetime | None], now: datetime
) -> None:
    """`now` is of the clock by which they queued."""
    for (outcome, decided_by), count in Counter(
        (each.verdict.outcome, each.verdict.decided_by) for each in judged
    ).items():
        VERDICTS.labels(outcome, decided_by).inc(count)
    for since in waited_since:
        if since is not None:
            VERDICT_SECONDS.observe(max((now - since).total_seconds(), 0.0))
