"""Carries out the erasure of accounts, in slices (ADR 0079).

Each phase repeats until nothing is left for it, so that a slice may be interrupted anywhere and
repeated by any worker. After the first pass the account has no text left. A statement that began
before the account was closed may still store one: a second pass follows once none is open.
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q

from moderado.accounts.models import Invitation
from moderado.accounts.services.erasing import close_account, hide_name, replace_identity
from moderado.chat.models import Room
from moderado.chat.services.erased_messages import BATCH, count_messages, erase_batch
from moderado.chat.services.names import placeholder
from moderado.chat.services.withdrawing import withdraw_erased
from moderado.chat.types import ROOM_NAME, USER_NAME
from moderado.core import failpoints
from moderado.core.database import is_settled, require_transaction, retry_on_deadlock
from moderado.core.slices import steps_of_slice
from moderado.enforcement.services import erasures
from moderado.enforcement.services.erasable import erase_texts_of
from moderado.enforcement.services.erasures import Erasure
from moderado.enforcement.services.exports import delete_exports
from moderado.enforcement.services.holds import block_new_holds, held_messages, is_user_held
from moderado.enforcement.services.subject_locks import lock_subject
from moderado.enforcement.types import PERSON
from moderado.moderation.services.closing import close_cases
from moderado.moderation.services.subject_erasure import (
    erase_subject,
    keep_shown,
    proposed_subjects,
    withdraw_proposals,
)
from moderado.moderation.services.texts import erase_texts
from moderado.moderation.types import CloseReason

has_due = erasures.has_due

ROOMS = 20  # memberships that end in one transaction

Phase = Callable[[Erasure], bool]  # True: it is complete


class _HoldsChanged(Exception):
    """A legal hold was added or released since the phase began."""


def run_slice(user_id: UUID | None = None) -> bool:
    """Run one slice of the erasure that is due the longest, or of this account's.

    Returns:
        Whether a slice was run: then there may be more to do.
    """
    erasure = erasures.claim_due(user_id)
    if erasure is None:
        return False
    for _ in steps_of_slice():
        if erasure.phase and is_user_held(erasure.user_id) != erasure.is_user_held:
            erasure.phase = 0  # a hold was added or released meanwhile
        phases = _HELD if erasure.is_user_held else _PHASES
        if erasure.phase >= len(phases):
            erasures.finish(erasure)
            return True
        try:
            is_complete = phases[erasure.phase](erasure)
        except _HoldsChanged:
            continue
        failpoints.reach("erasure.after_batch")
        if is_complete:
            erasure.phase += 1
        elif phases[erasure.phase] is _settle:
            erasures.save(erasure, is_waiting=True)
            return True
    erasures.save(erasure)
    return True


def _close(erasure: Erasure) -> bool:
    user_id = erasure.user_id
    erasure.is_user_held = is_user_held(user_id)
    erasure.closed_at = close_account(user_id=user_id, is_final=not erasure.is_user_held)
    erasure.total = count_messages(author_id=user_id)
    erasure.messages = 0
    return True


def _leave_rooms(erasure: Erasure) -> bool:
    return withdraw_erased(user_id=erasure.user_id, limit=ROOMS) < ROOMS


def _messages(erasure: Erasure) -> bool:
    found, erasure.withheld = erase_batch(author_id=erasure.user_id, sweep_id=erasure.pk)
    erasure.messages += found
    return found < BATCH


def _names(erasure: Erasure) -> bool:
    """Erase the account's names, and the names of rooms that ended with it.

    The name that others see of a room with members is theirs, and stays.
    """
    withdraw_proposals(author_id=erasure.user_id)
    _erase_names(erasure)
    return True


@retry_on_deadlock
@transaction.atomic
def _erase_names(erasure: Erasure) -> None:
    _check_holds(erasure)
    user_id = erasure.user_id
    # A ruling about the person would have no effect any more.
    lock_subject(subject_type=PERSON, subject_id=user_id)
    close_cases(subject_type=PERSON, subject_id=user_id, reason=CloseReason.DELETED)
    erase_subject(subject_type=USER_NAME, subject_id=user_id)
    ended = [user_id]
    named = proposed_subjects(subject_type=ROOM_NAME, author_id=user_id)
    theirs = Q(created_by=user_id) | Q(pk__in=named)
    for room in Room.objects.filter(theirs, deleted_at__isnull=False):
        erase_subject(subject_type=ROOM_NAME, subject_id=room.pk)
        Room.objects.filter(pk=room.pk).update(name=placeholder(room.pk))
        ended.append(room.pk)
    ended += Invitation.objects.filter(used_by=user_id).values_list("pk", flat=True)
    # The admin's history names what it is about: of an invitation, its note.
    LogEntry.objects.filter(object_id__in=map(str, ended)).update(object_repr="", change_message="")


@retry_on_deadlock
@transaction.atomic
def _hide_name(erasure: Erasure) -> bool:
    """Take the account's name off its tombstones. The hold keeps it, as a text of moderation."""
    name = hide_name(user_id=erasure.user_id)
    if name is not None:
        keep_shown(subject_type=USER_NAME, subject_id=erasure.user_id, text=name)
    return True


def _texts(erasure: Erasure) -> bool:
    user_id = erasure.user_id
    kept = held_messages(user_id)
    erase_texts(author_id=user_id, kept=kept, check=lambda: _check_holds(erasure, kept))
    _erase_enforcement(erasure, kept)
    delete_exports(user_id=user_id)
    return True


@retry_on_deadlock
@transaction.atomic
def _erase_enforcement(erasure: Erasure, kept: frozenset[UUID]) -> None:
    _check_holds(erasure, kept)
    erase_texts_of(user_id=erasure.user_id, kept_subjects=kept)


@retry_on_deadlock
@transaction.atomic
def _identity(erasure: Erasure) -> bool:
    _check_holds(erasure)
    replace_identity(user_id=erasure.user_id)
    return True


def _check_holds(erasure: Erasure, kept: frozenset[UUID] | None = None) -> None:
    """Let no hold be added before the transaction ends; raise if one changed since the phase began.

    Requires a transaction without a lock of rows. `kept` are the messages that were held then.
    """
    require_transaction()
    block_new_holds()
    user_id = erasure.user_id
    is_same = is_user_held(user_id) == erasure.is_user_held
    if not is_same or (kept is not None and held_messages(user_id) != kept):
        raise _HoldsChanged


def _settle(erasure: Erasure) -> bool:
    return erasure.closed_at is None or is_settled(erasure.closed_at)


_PHASES: tuple[Phase, ...] = (
    _close,
    _leave_rooms,
    _messages,
    _names,
    _texts,
    _identity,
    _settle,
    _leave_rooms,
    _messages,
    _names,
    _texts,
)
# While a legal hold keeps the account: it is closed, and its messages leave their rooms.
_HELD: tuple[Phase, ...] = (_close, _messages, _hide_name)
