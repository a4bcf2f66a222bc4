"""The record of purges: started, leased by workers, reversed, and told to the author once.

`chat.services.purging` removes the messages and brings them back (ADR 0084).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.accounts.rights import may_manage
from moderado.core import clock
from moderado.core.database import require_transaction
from moderado.core.errors import Forbidden, Invalid, NotFound
from moderado.core.events import publish
from moderado.enforcement.errors import RulingReplaced
from moderado.enforcement.events import PersonNotice, PersonNotified, PurgeQueued
from moderado.enforcement.models import Purge
from moderado.enforcement.selectors.decisions import decision_about
from moderado.enforcement.services.appeal_outcomes import decide_appeal_of
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.erased_accounts import check_words_about
from moderado.enforcement.services.fairness import check_not_self
from moderado.enforcement.services.person_changes import record_changes
from moderado.enforcement.services.shown_words import check_shown_words
from moderado.enforcement.types import REPEAT, Actor, DecisionType, OwnThing
from moderado.enforcement.written_reasons import clean_note, clean_reason

log = structlog.get_logger(__name__)

State = Purge.State
UNFINISHED = (State.RUNNING, State.REVERSING)
_STANDING = (State.RUNNING, State.DONE)
LEASE = timedelta(seconds=60)
PAUSE = timedelta(seconds=1)


def check_purge(*, actor: Actor, user_id: UUID, since: datetime) -> None:
    """Check that a moderator may remove messages of an account since a moment.

    Raises:
        Invalid: There is no such account, or the moment is not within the last `PURGE_HOURS`.
        OwnCase: The actor is the author.
        Forbidden: The account has rights on the server that the actor lacks.
    """
    now, hours = clock.now(), settings.ENV.purge_hours
    if not now - timedelta(hours=hours) <= since <= now:
        sentence = format_lazy(_("A moment within the last {hours} hours."), hours=hours)
        raise Invalid(fields={"since": sentence})
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise Invalid(fields={"user": _("There is no such person.")})
    check_not_self(actor_id=actor.id, user_id=user_id)
    is_out_of_reach = user.is_staff and actor.scope_ids is not None
    if is_out_of_reach or not may_manage(User.objects.get(pk=actor.id), user):
        raise Forbidden


@transaction.atomic
def start_purge(  # noqa: PLR0913  (what a purge consists of)
    *,
    actor: Actor,
    user_id: UUID,
    since: datetime,
    scope_id: UUID | None,
    reason: str,
    public_note: str,
    counts: Sequence[Mapping[str, Any]],
    newest: datetime | None,
) -> tuple[Purge, bool]:
    """Queue a purge. A worker begins at once.

    The same request of the same moderator within a minute is a repeat, and adds nothing, unless
    the author has written more since (ADR 0092).

    Args:
        actor: The moderator, with the rooms in which they may remove messages of the author.
        user_id: The author.
        since: The moment, which `check_purge` has checked.
        scope_id: The one room that was asked for.
        reason: 1 to 64 characters, a code or a few words. The author sees it.
        public_note: At most 2,000 characters. The author sees it.
        counts: The messages by room and status.
        newest: When the author wrote the latest of them; None without messages.

    Returns:
        The purge, and whether it is new.

    Raises:
        Invalid: Reason or note.
    """
    room_ids = None if actor.scope_ids is None else sorted(actor.scope_ids)
    if room_ids is not None and len(room_ids) == 1:
        (scope_id,) = room_ids
    asked = {
        "actor_id": actor.id,
        "user_id": user_id,
        "since": since,
        "scope_id": scope_id,
        "scope_ids": room_ids,
        "reason": clean_reason(reason),
        "public_note": clean_note(public_note),
    }
    check_words_about([user_id], reason, public_note)
    if (first := _repeated(asked, newest)) is not None:
        return first, False
    check_shown_words(actor.scope_ids, reason=reason, public_note=public_note)
    matched = sum(each["count"] for each in counts)
    purge = Purge.objects.create(
        **asked, created_at=clock.now(), counts=list(counts), matched=matched
    )
    _write_line("purge_started", purge, actor.id, messages=purge.matched)
    publish(PurgeQueued(purge_id=purge.pk))
    log.info("purge_started", purge_id=str(purge.pk), messages=purge.matched)
    return purge, True


def get_purge(*, actor: Actor, purge_id: UUID) -> Purge:
    """Return a purge: of staff any, of other moderators those in their rooms alone.

    Raises:
        NotFound: There is none.
    """
    purge = Purge.objects.filter(pk=purge_id).first()
    if purge is None:
        raise NotFound
    if actor.scope_ids is not None:
        rooms = purge.scope_ids
        if not rooms or not set(rooms) <= set(actor.scope_ids):
            raise NotFound
    return purge


@transaction.atomic
def reverse_purge(*, actor: Actor, purge_id: UUID, reason: str) -> Purge:
    """Queue the return of all messages that a purge removed. It also stops a running one.

    A repeat of the moderator who has reversed it, for the same reason, has no effect.

    Raises:
        NotFound: There is none.
        OwnCase: The actor is the author of the messages.
        Invalid: The reason.
        RulingReplaced: It is reversed already, or is being reversed.
    """
    reason = clean_reason(reason)
    purge = get_purge(actor=actor, purge_id=purge_id)
    check_not_self(actor_id=actor.id, user_id=purge.user_id)
    check_words_about([purge.user_id], reason)
    standing = Purge.objects.filter(pk=purge_id).exclude(
        state__in=(State.REVERSING, State.REVERSED)
    )
    if not standing.update(
        state=State.REVERSING,
        reversal_reason=reason,
        reversed_by=actor.id,
        after_id=None,
        finished_at=None,
        lease_until=None,
        fence=F("fence") + 1,
    ):
        purge.refresh_from_db()
        if (purge.reversed_by_id, purge.reversal_reason) == (actor.id, reason):
            return purge
        raise RulingReplaced
    purge.refresh_from_db()
    decide_appeal_of(DecisionType.PURGE, purge.pk, actor_id=actor.id)
    _write_line("purge_reversal_started", purge, actor.id)
    if purge.told_at is not None:
        record_changes([(purge.user_id, OwnThing.DECISION, purge.pk)])
    publish(PurgeQueued(purge_id=purge.pk))
    log.info("purge_reversal_started", purge_id=str(purge_id), actor_id=str(actor.id))
    return purge


def claim_purge() -> Purge | None:
    """Lease the oldest purge or reversal that waits. None: there is none."""
    with transaction.atomic():
        free = _free().select_for_update(of=("self",), skip_locked=True, no_key=True)
        purge = free.order_by("id").first()
        if purge is None:
            return None
        Purge.objects.filter(pk=purge.pk).update(lease_until=Now() + LEASE, fence=F("fence") + 1)
    purge.fence += 1
    return purge


def has_work() -> bool:
    """Tell whether a purge or a reversal waits for a worker."""
    return _free().exists()


def lock_purge(leased: Purge) -> Purge | None:
    """Lock a leased purge until the transaction ends, and return it as it is now.

    Requires a transaction.

    Returns:
        None if the lease is not ours any more: another worker has it, or it was reversed.
    """
    require_transaction()
    ours = Purge.objects.select_for_update(no_key=True, of=("self",)).filter(pk=leased.pk)
    return ours.filter(fence=leased.fence, state=leased.state).first()


def save_progress(purge: Purge, *, state: str | None = None) -> None:
    """Store how far a locked purge is. Requires a transaction.

    Args:
        purge: With its cursor and counts.
        state: The state that ends it and its lease, or None. The author gets a notice then.
    """
    require_transaction()
    ends: dict[str, Any] = {}
    if state is not None:
        purge.state = state
        ends = {"state": state, "finished_at": Now(), "lease_until": None}
    values = {name: getattr(purge, name) for name in ("after_id", "removed", "restored")}
    Purge.objects.filter(pk=purge.pk).update(**values, **ends)
    if state is not None:
        _end(purge, state)


def pause(purge: Purge) -> None:
    """Look again in a moment: a message may be committed late."""
    Purge.objects.filter(pk=purge.pk).update(lease_until=Now() + PAUSE)


def end_lease(purge: Purge) -> None:
    """Let the next worker continue."""
    Purge.objects.filter(pk=purge.pk, fence=purge.fence).update(lease_until=None)


def _repeated(asked: Mapping[str, Any], newest: datetime | None) -> Purge | None:
    """Return the purge that the moderator has just asked for. Serializes repeats."""
    User.objects.select_for_update(no_key=True).filter(pk=asked["user_id"]).first()
    recent = Purge.objects.filter(created_at__gt=Now() - REPEAT, state__in=_STANDING, **asked)
    if newest is not None:
        recent = recent.filter(created_at__gte=newest)  # a purge leaves out what came later
    return recent.order_by("id").first()


def _free() -> QuerySet[Purge]:
    is_free = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Purge.objects.filter(is_free, state__in=UNFINISHED)


def _end(purge: Purge, state: str) -> None:
    """Tell the author once what was decided, and again if it was taken back."""
    actor_id = purge.reversed_by_id or purge.actor_id
    _write_line(f"purge_{state}", purge, actor_id, removed=purge.removed, restored=purge.restored)
    log.info("purge_ended", purge_id=str(purge.pk), state=state, removed=purge.removed)
    row = Purge.objects.filter(pk=purge.pk)
    if state == State.REVERSED:
        if row.filter(told_at__isnull=False).exists():
            _notify(purge, PersonNotice.DECISION_REVERSED)
    elif purge.removed and row.filter(told_at=None).update(told_at=Now()):
        _notify(purge, PersonNotice.MESSAGES_PURGED)


def _notify(purge: Purge, notice: PersonNotice) -> None:
    decision = decision_about(purge.user_id, purge.pk)
    if decision is not None:
        publish(PersonNotified(user_id=purge.user_id, notice=notice, body=decision.view))


def _write_line(action: str, purge: Purge, actor_id: UUID, **numbers: int) -> None:
    write_line(
        actor_id=actor_id,
        action=action,
        subject_type="purge",
        subject_id=purge.pk,
        user=str(purge.user_id),
        since=purge.since.isoformat(),
        room=None if purge.scope_id is None else str(purge.scope_id),
        **numbers,
    )
