"""Quotas of messages, edits and deletions. A repeat of any of them costs none (ADR 0037)."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from moderado.chat.selectors.rooms import membership
from moderado.core import limits
from moderado.core.errors import RateLimited
from moderado.core.newcomers import NewcomerLimited, is_newcomer, newcomer_until
from moderado.core.quotas import JOIN, Quota, use_of_newcomer


def spend_deletion_quota(*, user_id: UUID) -> None:
    """Count one deletion as a write of the account. Calls Redis: not for use in a transaction.

    Raises:
        RateLimited: The account has used up its quota of writes.
    """
    limits.hit(settings.QUOTAS[Quota.WRITE][0], Quota.WRITE, "account", str(user_id))


def spend_implied_join(*, user_id: UUID, room_id: UUID) -> None:
    """Count the room that a new account joins by its first message there, as a join by the route.

    Calls Redis: not for use in a transaction.

    Raises:
        NewcomerLimited: It has joined as many rooms as new accounts may.
    """
    if not is_newcomer(user_id) or membership(room_id=room_id, user_id=user_id) is not None:
        return
    (refusal,) = limits.hit_all([[use_of_newcomer(user_id, JOIN)]])
    if refusal is not None:
        raise NewcomerLimited(retry_after=refusal.retry_after, until=newcomer_until(user_id))


def spend_message_quota(*, user_id: UUID, room_id: UUID) -> None:
    """Count one message or edit. Calls Redis: not for use inside a transaction.

    The account's quota is checked first, so that an account that sends too much does not use up
    the room's.

    Raises:
        RateLimited: The account or the room has used up its quota. What the room refuses is still
            counted for the account.
    """
    (refusal,) = spend_message_quotas([(user_id, room_id)])
    if refusal is not None:
        raise refusal


def spend_message_quotas(spenders: Sequence[tuple[UUID, UUID]]) -> list[RateLimited | None]:
    """Count many messages in one call of Redis.

    Args:
        spenders: The `(user_id, room_id)` of each message.

    Returns:
        For each message the error that refuses it, or None.
    """
    refusals = limits.hit_all([_uses(*spender) for spender in spenders])
    if settings.ENV.newcomer_hours:
        return [
            _of_newcomer(refusal, user_id)
            for refusal, (user_id, _) in zip(refusals, spenders, strict=True)
        ]
    return refusals


def return_message_quotas(
    spenders: Sequence[tuple[UUID, UUID]], refusals: Sequence[RateLimited | None]
) -> None:
    """Take back what `spend_message_quotas` counted. Calls Redis, once.

    Args:
        spenders: The `(user_id, room_id)` of messages that are repeats.
        refusals: What `spend_message_quotas` returned for each.
    """
    limits.give_back(
        [
            use
            for spender, refusal in zip(spenders, refusals, strict=True)
            for use in _uses(*spender)[: refusal.counted if refusal else None]
        ]
    )


def _uses(user_id: UUID, room_id: UUID) -> list[limits.Use]:
    env = settings.ENV
    uses: list[limits.Use] = [
        (env.limit_messages_per_user, ("messages", "user", user_id)),
        (env.limit_messages_per_room, ("messages", "room", room_id)),
    ]
    if is_newcomer(user_id):
        uses.insert(0, (env.limit_newcomer_messages, ("messages", "newcomer", user_id)))
    return uses


def _of_newcomer(refusal: RateLimited | None, user_id: UUID) -> RateLimited | None:
    """Return the error of newcomers if it is their limit that refuses: the first of the chain."""
    if refusal is None or refusal.counted or not is_newcomer(user_id):
        return refusal
    return NewcomerLimited(retry_after=refusal.retry_after, until=newcomer_until(user_id))
