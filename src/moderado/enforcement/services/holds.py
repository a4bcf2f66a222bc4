"""Legal holds: added and released by operators, respected by erasure and retention.

A hold and an erasure that meet are decided by one lock: what a batch of an erasure has not reached
when the hold is stored stays. Every change of holds and every look at them leaves an audit line.
"""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.core.database import require_transaction
from moderado.core.errors import NotFound
from moderado.core.text import clean_line
from moderado.enforcement.errors import HoldReleased
from moderado.enforcement.models import LegalHold as LegalHold
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.fairness import check_not_self
from moderado.enforcement.services.held_reports import erase_freed_words

_LOCK = "SELECT pg_advisory_xact_lock{mode}(hashtextextended('legal_holds', 0))"

Subject = LegalHold.Subject
FindAuthor = Callable[[UUID], UUID | None]  # of a message

_find_author: list[FindAuthor] = []


def provide_author(find: FindAuthor) -> None:
    """Register what finds the author of a message. Called by `moderado.wiring`."""
    _find_author[:] = [find]


def author_of(subject_type: str, subject_id: UUID) -> UUID | None:
    """Return the account itself, or the author of the message; None if it does not exist."""
    if subject_type == Subject.MESSAGE:
        return _find_author[0](subject_id)
    found = User.objects.filter(pk=subject_id)
    return subject_id if found.exists() else None


def block_new_holds() -> None:
    """Block the addition of legal holds until the transaction ends. Requires a transaction.

    Call it before any row is locked: a transaction that adds a hold waits for this one.
    """
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format(mode="_shared"))


def is_user_held(user_id: UUID) -> bool:
    """Tell whether a legal hold keeps all that belongs to an account."""
    return _active().filter(subject_type=Subject.USER, subject_id=user_id).exists()


def rows_of_held_accounts() -> Q:
    """Return the condition of the rows, with a `user_id`, of accounts that a legal hold keeps.

    Requires a transaction: no hold is added before it ends.
    """
    require_transaction()
    block_new_holds()
    return Q(Exists(_active().filter(subject_type=Subject.USER, subject_id=OuterRef("user_id"))))


def held_messages(author_id: UUID) -> frozenset[UUID]:
    """Return the messages of an author that a legal hold keeps one by one."""
    held = _active().filter(subject_type=Subject.MESSAGE, author_id=author_id)
    return frozenset(held.values_list("subject_id", flat=True))


def held_among(authors: Mapping[UUID, UUID]) -> frozenset[UUID]:
    """Return those messages that a legal hold keeps, by themselves or with their author.

    Args:
        authors: The authors of the messages, by the id of the message.
    """
    subjects = {*authors, *authors.values()}
    held = set(_active().filter(subject_id__in=subjects).values_list("subject_id", flat=True))
    return frozenset(
        message_id for message_id, author_id in authors.items() if {message_id, author_id} & held
    )


@transaction.atomic
def add_hold(
    *,
    actor_id: UUID | None,
    subject_type: str,
    subject_id: UUID,
    author_id: UUID,
    reference: str,
) -> LegalHold:
    """Keep an account or a message from erasure and retention. A repeat returns the first hold.

    Args:
        actor_id: Who acts; None for the command line.
        subject_type: `user` or `message`.
        subject_id: The account or the message.
        author_id: The account, or the author of the message.
        reference: The order or law that demands it.

    Raises:
        Invalid: `reference` is empty or too long.
        NotFound: There is no such account.
    """
    reference = _reference(reference)
    _block_erasures()
    if not User.objects.filter(pk=author_id).exists():
        raise NotFound
    hold, is_new = LegalHold.objects.get_or_create(
        subject_type=subject_type,
        subject_id=subject_id,
        reference=reference,
        released_at=None,
        defaults={"author_id": author_id, "actor_id": actor_id},
    )
    if is_new:
        _audit(actor_id, "hold_added", hold)
    return hold


@transaction.atomic
def release_hold(*, actor_id: UUID | None, hold_id: UUID, reason: str) -> LegalHold:
    """End a hold. An erasure that waited for it continues; the words of reporters are erased.

    Raises:
        NotFound: There is no such hold.
        OwnCase: It keeps the actor's own data from erasure.
        HoldReleased: It was released before.
        Invalid: `reason` is empty or too long.
    """
    reason = _reference(reason, field="reason")
    _block_erasures()
    hold = LegalHold.objects.select_for_update(no_key=True).filter(pk=hold_id).first()
    if hold is None:
        raise NotFound
    if actor_id is not None:
        check_not_self(actor_id=actor_id, user_id=hold.author_id)
    if hold.released_at is not None:
        raise HoldReleased
    hold.released_at, hold.released_by_id, hold.release_reason = Now(), actor_id, reason
    hold.save(update_fields=["released_at", "released_by", "release_reason"])
    erase_freed_words(subject_id=hold.subject_id)
    _audit(actor_id, "hold_released", hold)
    hold.refresh_from_db()
    return hold


@transaction.atomic
def list_holds(*, actor_id: UUID | None, with_released: bool = False) -> Sequence[LegalHold]:
    """Return the holds, newest first. The view is written to the audit."""
    found = LegalHold.objects.all() if with_released else _active()
    holds = list(found.order_by("-created_at", "-id"))
    write_line(actor_id=actor_id, action="holds_listed", holds=len(holds))
    return holds


def _block_erasures() -> None:
    """Wait for batches of erasures (`block_new_holds`), and block new ones until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK.format(mode=""))


def _active() -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(released_at=None)


def _audit(actor_id: UUID | None, action: str, hold: LegalHold) -> None:
    write_line(
        actor_id=actor_id,
        action=action,
        subject_type=hold.subject_type,
        subject_id=hold.subject_id,
        hold=str(hold.id),
        reference=hold.reference,
    )


def _reference(text: str, *, field: str = "reference") -> str:
    return clean_line(text, max_length=REFERENCE_LENGTH, field=field)
