"""Rulings on many cases: one ruling a case, in steps that can be interrupted, reversed as one.

A worker continues behind the last case that it looked at. Each step is a transaction of its own,
and each ruling writes its own line of the log.
"""

import time
from contextlib import suppress
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Greatest, Now

from moderado.accounts.models import User
from moderado.accounts.rights import BULK_RULE, REVERSE_RULING
from moderado.core.database import retry_on_deadlock
from moderado.core.errors import ApplicationError, NotFound
from moderado.core.row_by_row import row_by_row
from moderado.enforcement.errors import AccountErased, RulingReplaced
from moderado.enforcement.models import BulkRuling, Ruling
from moderado.enforcement.selectors.cases import CaseFilter, cases
from moderado.enforcement.services import rulings
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.bulk_texts import erase_notes_of_ended
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.proposals import Proposal, cleaned
from moderado.enforcement.services.standing import standing_actor
from moderado.enforcement.types import REPEAT, Actor
from moderado.enforcement.written_reasons import clean_reason
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.models import Case

log = structlog.get_logger(__name__)

State = BulkRuling.State

STEP = 50  # cases or rulings of one call

_REVERSIBLE = (State.RUNNING, State.DONE, State.STOPPED)


class _TakenByAnother(Exception):
    """Another worker continues the ruling in bulk at this moment."""


def count_matching(*, actor: Actor, wanted: CaseFilter) -> int:
    """Return how many cases a ruling in bulk would decide now: restricted ones never are."""
    return _open(actor, wanted).count()


@transaction.atomic
def start_bulk(*, actor: Actor, wanted: CaseFilter, proposal: Proposal) -> tuple[BulkRuling, bool]:
    """Queue one ruling for all open cases that match, as they are when a worker gets to them.

    Cases that are opened later are left out. The same request of the same moderator within a
    minute is a repeat, and adds nothing, unless it would decide other cases (ADR 0092).

    Returns:
        The ruling in bulk, and whether it is new.

    Raises:
        Invalid: Reason or notes.
    """
    asked = {
        "actor_id": actor.id,
        "scope_ids": None if actor.scope_ids is None else sorted(actor.scope_ids),
        "filter": msgspec.to_builtins(wanted),
        "ruling": msgspec.to_builtins(cleaned(proposal)),
    }
    User.objects.select_for_update(no_key=True).filter(pk=actor.id).first()  # repeats wait
    found = _open(actor, wanted)
    recent = BulkRuling.objects.filter(created_at__gt=Now() - REPEAT, **asked)
    first = recent.filter(state__in=(State.RUNNING, State.DONE)).order_by("-id").first()
    if first is not None:
        is_running = first.state == State.RUNNING
        left = found.filter(created_at__gte=first.created_at) if is_running else found
        if not left.exists():
            return first, False
    bulk = BulkRuling.objects.create(**asked, matched=found.count())
    _audit(actor.id, "bulk_started", bulk.pk, cases=bulk.matched)
    log.info("bulk_ruling_started", bulk_id=str(bulk.id), cases=bulk.matched)
    return bulk, True


def get_bulk(*, actor: Actor, bulk_id: UUID) -> BulkRuling:
    """Return a ruling in bulk: of staff any, of other moderators their own.

    Raises:
        NotFound: There is none.
    """
    found = BulkRuling.objects.filter(pk=bulk_id)
    if actor.scope_ids is not None:
        found = found.filter(actor=actor.id)
    bulk = found.first()
    if bulk is None:
        raise NotFound
    return bulk


@transaction.atomic
def reverse_bulk(*, actor: Actor, bulk_id: UUID, reason: str) -> BulkRuling:
    """Queue the reversal of all rulings that were made in bulk. It also stops a running one.

    A repeat of the moderator who has reversed them, for the same reason, has no effect.

    Raises:
        NotFound: There is none.
        Invalid: The reason.
        RulingReplaced: It is reversed already.
    """
    reason = clean_reason(reason)
    bulk = get_bulk(actor=actor, bulk_id=bulk_id)
    standing = BulkRuling.objects.filter(pk=bulk.pk, state__in=_REVERSIBLE)
    if not standing.update(
        state=State.REVERSING,
        reversal_reason=reason,
        reversed_by=actor.id,
        after_id=None,
        finished_at=None,
    ):
        bulk.refresh_from_db()
        if (bulk.reversed_by_id, bulk.reversal_reason) == (actor.id, reason):
            return bulk
        raise RulingReplaced
    _audit(actor.id, "bulk_reversal_started", bulk_id)
    log.info("bulk_reversal_started", bulk_id=str(bulk_id), actor_id=str(actor.id))
    bulk.refresh_from_db()
    return bulk


def run_unfinished(*, seconds: float) -> None:
    """Continue what is unfinished, oldest first, for so long; the next call goes on.

    What another worker continues at this moment is left to it.
    """
    ends = time.monotonic() + seconds
    unfinished = BulkRuling.objects.filter(state__in=(State.RUNNING, State.REVERSING))
    ids = unfinished.order_by("id").values_list("pk", flat=True)

    def continue_one(bulk_id: UUID) -> None:
        with suppress(_TakenByAnother):
            while time.monotonic() < ends and _step(bulk_id):
                continue

    list(row_by_row("run_bulk_rulings", ids, continue_one))


def _step(bulk_id: UUID) -> bool:
    """Look at the next cases or rulings; return whether there may be more."""
    bulk = BulkRuling.objects.get(pk=bulk_id)
    if bulk.state == State.RUNNING:
        ids = _next_cases(bulk)
    elif bulk.state == State.REVERSING:
        ids = _next_rulings(bulk)
    else:
        return False
    for each in ids:
        if not _one(bulk, each):
            return True  # its state has changed: look again
    if len(ids) < STEP:
        ended = State.DONE if bulk.state == State.RUNNING else State.REVERSED
        _end(bulk, ended)
    return True


def _next_cases(bulk: BulkRuling) -> list[UUID]:
    actor = Actor(id=bulk.actor_id, scope_ids=bulk.scope_ids)
    wanted = msgspec.convert(bulk.filter, CaseFilter)
    found = _open(actor, wanted).filter(created_at__lt=bulk.created_at)
    if bulk.after_id is not None:
        found = found.filter(pk__gt=bulk.after_id)
    return list(found.order_by("pk").values_list("pk", flat=True)[:STEP])


def _next_rulings(bulk: BulkRuling) -> list[UUID]:
    found = Ruling.objects.filter(bulk=bulk, reverses=None, undone_at=None)
    if bulk.after_id is not None:
        found = found.filter(pk__gt=bulk.after_id)
    return list(found.order_by("pk").values_list("pk", flat=True)[:STEP])


@retry_on_deadlock
@transaction.atomic
def _one(bulk: BulkRuling, target_id: UUID) -> bool:
    """Rule on a case, or reverse a ruling, and move the cursor in the same transaction.

    The row is locked, so that two workers never do the same. It stops here if the moderator lost
    the right. Returns whether it was still due.

    Raises:
        _TakenByAnother: Another worker has locked it.
    """
    free = BulkRuling.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    locked = free.filter(pk=bulk.pk).first()
    if locked is None:
        raise _TakenByAnother
    if locked.state != bulk.state or (locked.after_id or UUID(int=0)) >= target_id:
        return False
    actor = _standing(locked)
    if actor is None:
        _end(locked, State.STOPPED)
        log.warning("bulk_ruling_stopped", bulk_id=str(bulk.pk))
        return False
    try:
        with transaction.atomic():
            _act(locked, actor, target_id)
        counted = {"decided": F("decided") + 1} if locked.state == State.RUNNING else {}
    except ApplicationError as refusal:
        if isinstance(refusal, CaseSuperseded):  # what `rule` closed was rolled back with it
            rulings.close_ended(case_id=target_id, reason=refusal.reason)
        log.info("bulk_case_skipped", bulk_id=str(bulk.pk), code=refusal.code)
        counted = {"skipped": F("skipped") + 1}
    BulkRuling.objects.filter(pk=bulk.pk).update(after_id=target_id, **counted)
    return True


def _act(bulk: BulkRuling, actor: Actor, target_id: UUID) -> None:
    if bulk.state == State.RUNNING:
        proposal = msgspec.convert({**bulk.ruling, "bulk_id": bulk.pk}, Proposal)
        rulings.rule(actor=actor, case_id=target_id, proposal=proposal)
    else:
        reason = _reversal_reason(bulk, target_id)
        rulings.reverse(actor=actor, ruling_id=target_id, reason=reason, bulk_id=bulk.pk)


def _reversal_reason(bulk: BulkRuling, ruling_id: UUID) -> str:
    """Return the reason of a reversal: a code where the author is erased."""
    ruling = Ruling.objects.get(pk=ruling_id)
    try:
        check_words_about([ruling.author_id, ruling.subject_id], bulk.reversal_reason)
    except AccountErased:
        return "reversed"
    return bulk.reversal_reason


@transaction.atomic
def _end(bulk: BulkRuling, state: str) -> None:
    unchanged = BulkRuling.objects.filter(pk=bulk.pk, state=bulk.state)
    counted = {}
    if state == State.DONE:  # others decided or closed them before their turn
        counted = {"skipped": Greatest("skipped", F("matched") - F("decided"))}
    if not unchanged.update(state=state, finished_at=Now(), **counted):
        return
    erase_notes_of_ended(bulk.pk)
    if state == State.REVERSED:
        _audit(bulk.reversed_by_id or bulk.actor_id, "bulk_reversed", bulk.pk)


def _standing(bulk: BulkRuling) -> Actor | None:
    """Return who acts, in the rooms where they still may. None: they lost the right."""
    if bulk.state == State.RUNNING:
        return standing_actor(user_id=bulk.actor_id, permission=BULK_RULE, scope_ids=bulk.scope_ids)
    assert bulk.reversed_by_id is not None
    staff = standing_actor(user_id=bulk.reversed_by_id, permission=REVERSE_RULING, scope_ids=None)
    if staff is not None or bulk.scope_ids is None:
        return staff
    return standing_actor(
        user_id=bulk.reversed_by_id, permission=REVERSE_RULING, scope_ids=bulk.scope_ids
    )


def _audit(actor_id: UUID, action: str, bulk_id: UUID, **details: int) -> None:
    write_line(actor_id=actor_id, action=action, subject_type="bulk", subject_id=bulk_id, **details)


def _open(actor: Actor, wanted: CaseFilter) -> "QuerySet[Case]":
    # Counts of a ruling in bulk are read by others, too: they include no restricted case.
    actor = msgspec.structs.replace(actor, sees_restricted=False)
    return cases(actor=actor, wanted=wanted).filter(state=Case.State.OPEN)
