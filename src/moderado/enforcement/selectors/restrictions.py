"""Which sanctions of a person are in force, on PostgreSQL's clock.

Statements of other contexts embed the conditions, so that a sanction binds with its commit and
costs no statement. Each looks up one almost empty partial index.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from moderado.core.database import run_prepared
from moderado.enforcement.appeal_terms import appeal_end
from moderado.enforcement.emails import email_digest
from moderado.enforcement.errors import Banned, refusal_of
from moderado.enforcement.models.sanctions import APPEAL_FROM, Sanction
from moderado.enforcement.types import Restriction

_WRITING = ("mute", "ban")
_POSTING = ("mute", "slow", "ban")
# Literally the condition of the index `sanction_in_force`.
_INDEXED = "kind IN ('mute', 'slow', 'ban') AND lifted_at IS NULL AND expired_at IS NULL"
# The most severe first, which is the order of the alphabet, then the longest.
_ORDER = "ORDER BY kind, ends_at DESC NULLS FIRST, id"
_BAN = "ban"


def _in_force(user: str, scope: str, kinds: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return f"""enforcement_sanction
         WHERE user_id = {user} AND (scope_id IS NULL OR scope_id = {scope}) AND {_INDEXED}
           AND kind IN ({listed}) AND (ends_at IS NULL OR ends_at > statement_timestamp())"""


def restricts_posting_sql(user: str, scope: str) -> str:
    """Return an SQL condition: the person may not post in the room, or not without waiting.

    A scalar subquery: PostgreSQL cannot replace it by one scan for all rows. With LIMIT 1, it would
    scan the table for the first match where few people have many sanctions.
    """
    return _exists(_in_force(user, scope, _POSTING))


def restricts_writing_sql(user: str, scope: str) -> str:
    """Return an SQL condition: a mute or a ban of the person covers the room."""
    return _exists(_in_force(user, scope, _WRITING))


def is_banned_sql(user: str, scope: str) -> str:
    """Return an SQL condition: a ban of the person covers the room."""
    return _exists(_in_force(user, scope, (_BAN,)))


def slow_sanction_sql(user: str, scope: str) -> str:
    """Return an SQL expression: the sanction by which the person is in slow mode, or NULL."""
    found = _in_force(user, scope, ("slow",))
    return f"(SELECT id FROM {found} ORDER BY interval_seconds DESC, id LIMIT 1)"  # noqa: S608  (names)


def _exists(found: str) -> str:
    return f"(SELECT count(*) > 0 FROM {found})"  # noqa: S608  (names of columns)


# What a person learns of a sanction, as `_restriction` takes it.
_SHOWN = f"kind, ends_at, reason, id, public_note, coalesce(ruling_id, id), {APPEAL_FROM}"

_FIND = f"""
    SELECT {_SHOWN}
      FROM {_in_force("%(user)s", "%(scope)s::uuid", _POSTING)}
       AND kind = ANY (%(kinds)s) {_ORDER} LIMIT 1
"""  # noqa: S608  (as above)


def silence_sql(user: str, scope: str) -> str:
    """Return an SQL expression: the sanction that keeps a person from writing, as JSON, or NULL.

    `restriction_from` decodes it.
    """
    found = _in_force(user, scope, _WRITING)
    return f"""(SELECT json_build_array({_SHOWN})::text FROM {found} {_ORDER} LIMIT 1)"""  # noqa: S608


def restriction_from(silence: str | None) -> Restriction | None:
    """Decode what `silence_sql` returned."""
    return None if silence is None else _restriction(*_decoder.decode(silence))


_decoder = msgspec.json.Decoder(tuple[str, datetime | None, str, UUID, str, UUID, datetime])


def _restriction(  # noqa: PLR0913, PLR0917  (columns of a row)
    kind: str,
    until: datetime | None,
    reason: str,
    sanction: UUID,
    note: str,
    decision: UUID,
    appeal_from: datetime,
) -> Restriction:
    return Restriction(
        kind=kind,
        until=until,
        reason=reason,
        sanction=sanction,
        note=note,
        decision=decision,
        appeal_until=appeal_end(appeal_from),
    )


_SILENCES = f"""
    SELECT user_id, scope_id, {_SHOWN} FROM enforcement_sanction
     WHERE user_id = ANY (%(users)s) AND {_INDEXED} AND kind <> 'slow'
       AND (ends_at IS NULL OR ends_at > statement_timestamp()) {_ORDER}
"""  # noqa: S608  (constants)

Silences = Mapping[UUID | None, Restriction]


def silences_of(user_ids: Collection[UUID]) -> Mapping[UUID, Silences]:
    """Return what keeps persons from writing, the most severe for each room and for the server.

    Returns:
        By person, then by room; None stands for the server. Persons without sanctions are absent.
    """
    found: dict[UUID, dict[UUID | None, Restriction]] = {}
    for user_id, scope_id, *sanction in run_prepared(_SILENCES, {"users": list(user_ids)}):
        found.setdefault(user_id, {}).setdefault(scope_id, _restriction(*sanction))
    return found


def find_restriction(
    *, user_id: UUID, scope_id: UUID | None, kinds: tuple[str, ...] = _WRITING
) -> Restriction | None:
    """Return the most severe sanction that keeps a person from writing now.

    Args:
        user_id: The person.
        scope_id: The room; None for what the whole server refuses.
        kinds: Which of `mute`, `slow` and `ban` to look for.
    """
    rows = run_prepared(_FIND, {"user": user_id, "scope": scope_id, "kinds": list(kinds)})
    if not rows:
        return None
    return _restriction(*rows[0])


def check_may_write(*, user_id: UUID, scope_id: UUID | None) -> None:
    """Check that no mute and no ban keeps a person from writing. Raises Muted or Banned."""
    found = find_restriction(user_id=user_id, scope_id=scope_id)
    if found is not None:
        raise refusal_of(found)


def check_not_banned(*, user_id: UUID, scope_id: UUID | None) -> None:
    """Check that no ban covers the room, or without a room the server. Raises Banned."""
    found = find_restriction(user_id=user_id, scope_id=scope_id, kinds=(_BAN,))
    if found is not None:
        raise Banned(found)


def find_server_ban(user_id: UUID) -> Restriction | None:
    """Return the ban that keeps a person out of the whole server, or None."""
    return find_restriction(user_id=user_id, scope_id=None, kinds=(_BAN,))


def bans_in_force(user_id: UUID) -> QuerySet[Sanction]:
    """Return the bans of a person that are in force, of rooms and of the server."""
    return _bans().filter(user=user_id)


def server_bans() -> QuerySet[Sanction]:
    """Return the bans from the whole server that are in force."""
    return _bans().filter(scope_id=None)


def banned_from(scope_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of `user_ids` who are banned from a room."""
    found = _bans().filter(user__in=user_ids, scope_id=scope_id)
    return set(found.values_list("user_id", flat=True))


def _bans() -> QuerySet[Sanction]:
    # The first condition on the kind is that of the index.
    indexed = Sanction.objects.filter(kind__in=_POSTING, lifted_at=None, expired_at=None)
    return indexed.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), kind=_BAN)


def is_email_banned(email: str) -> bool:
    """Tell whether an account with this e-mail is banned from the server."""
    return Sanction.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=Now()),
        email_digest=email_digest(email),
        lifted_at=None,
        expired_at=None,
    ).exists()
