"""Apply automatic verdicts to messages, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from moderado.chat import states
from moderado.chat.models import Message
from moderado.chat.services.deleted_rooms import end_review
from moderado.chat.services.exposure import ends_exposure, measure_exposure
from moderado.chat.services.facts import author_facts, context_of, policy_of, room_facts
from moderado.chat.services.notices import announce
from moderado.chat.services.publication import SETTLED, Changed, write
from moderado.chat.services.transitions import SUBJECT, advance
from moderado.chat.states import Decision, Transition
from moderado.core import failpoints
from moderado.core.database import require_transaction
from moderado.core.metrics import VERDICT_SECONDS, VERDICTS
from moderado.moderation.help_lines import marked
from moderado.moderation.services.recording import record
from moderado.moderation.types import Content, Verdict

log = structlog.get_logger(__name__)

Status = Message.Status


class Judged(msgspec.Struct, frozen=True):
    """A locked message, the content that was judged, and the verdict."""

    message: Message
    content: Content
    verdict: Verdict


def content_of(message: Message) -> Content:
    """Return what moderation is given: the waiting edit if there is one, else the main text.

    A visible text that was not judged comes before its edit. No name and no address of the author
    is contained.
    """
    waiting = message.edit_status == Status.PENDING and not message.awaits_shown
    return Content(
        subject_type=SUBJECT,
        subject_id=message.id,
        revision=(message.edit_revision or 0) if waiting else message.revision,
        text=(message.edit_text or "") if waiting else message.text,
        scope_id=message.room_id,
        author_id=message.author_id,
        author=author_facts(message),
        room=room_facts(message),
        policy=policy_of(message),
        context=context_of(message),
    )


def apply(judged: Sequence[Judged]) -> None:
    """Log the verdicts, change their messages, publish what changed and notify the authors.

    A verdict on a revision that no longer waits has no effect and is not logged as one. Requires
    a transaction that holds the messages' row locks.
    """
    require_transaction()
    waited_since = {each.message.pk: each.message.queued_at for each in judged}
    had_edits = any(
        each.message.revision > 1 or each.message.edit_status is not None for each in judged
    )
    steps = [(each, step) for each in judged if (step := _advance(each)).is_applied]
    if not steps:
        return
    cases = record([(each.content, each.verdict) for each, _ in steps])
    changes = [
        Changed(each.message, step.change, locks_room=each.message.id in cases)
        for each, step in steps
    ]
    measure_exposure([each.message for each, step in steps if ends_exposure(step)])
    written = write(changes) if had_edits else write(changes, SETTLED)
    for room_id in written.deleted_rooms:  # since the claim: its cases were closed before this one
        end_review(room_id)
    for each, step in steps:
        announce(each.message, step, _decision(each.verdict))
    _measure([(each.verdict, waited_since[each.message.pk]) for each, _ in steps], written.at)
    failpoints.reach("worker.before_apply_commit")


def _advance(judged: Judged) -> Transition:
    verdict, revision = judged.verdict, judged.content.revision
    happened = states.Verdict(revision, verdict.outcome)
    step = advance(judged.message, happened, why=_decision(verdict))
    if not step.is_applied:
        log.info("verdict_superseded", message_id=str(judged.message.id), revision=revision)
    return step


def _decision(verdict: Verdict) -> Decision:
    categories = marked(map(str, verdict.categories), verdict.resources)
    return Decision(str(verdict.reason or ""), categories)


def _measure(applied: Sequence[tuple[Verdict, datetime | None]], now: datetime) -> None:
    """Count the verdicts and how long each text waited, by the database's clock."""
    for (outcome, decided_by), count in Counter(
        (verdict.outcome, verdict.decided_by) for verdict, _ in applied
    ).items():
        VERDICTS.labels(outcome, decided_by).inc(count)
    for _, since in applied:
        if since is not None:
            VERDICT_SECONDS.observe(max((now - since).total_seconds(), 0.0))
