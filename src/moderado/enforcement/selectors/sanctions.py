"""Sanctions as their person and as staff may see them."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone, translation
from msgspec import Meta

from moderado.enforcement.errors import NoSuchSanction, explain
from moderado.enforcement.models import Sanction
from moderado.enforcement.types import Restriction

Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
State = Literal["active", "lifted", "expired"]
STATES: tuple[State, ...] = ("active", "lifted", "expired")


class SanctionView(msgspec.Struct, frozen=True, kw_only=True):
    """A sanction as its person sees it. Moderators are not named."""

    id: UUID
    kind: Annotated[
        str, Meta(extra_json_schema={"enum": ("warning", "strike", "slow", "mute", "ban")})
    ]
    room: Annotated[UUID | None, Meta(description="Null for the whole server.")]
    reason: Annotated[str, Meta(description="A code, such as `harassment`.")]
    explanation: Annotated[str, Meta(description="What it is, why, and until when.")]
    note: Annotated[str, Meta(description="What the moderator wrote to the person.")]
    automatic: Annotated[bool, Meta(description="Strikes led to it, and no person.")]
    starts_at: Moment
    ends_at: Annotated[Moment | None, Meta(description="Null for no end.")]
    ended_at: Annotated[Moment | None, Meta(description="When it was lifted, or expired.")]
    state: Annotated[str, Meta(extra_json_schema={"enum": STATES})]


def state_of(sanction: Sanction) -> State:
    """Return whether a sanction is in force, also before its expiry was recorded."""
    if sanction.lifted_at is not None:
        return "lifted"
    is_over = sanction.ends_at is not None and sanction.ends_at <= timezone.now()
    return "expired" if is_over else "active"


def view_of(sanction: Sanction, *, language: str) -> SanctionView:
    """Return what the person sees of a sanction.

    Args:
        sanction: The sanction.
        language: The language of the explanation.
    """
    state = state_of(sanction)
    restriction = Restriction(
        kind=sanction.kind, until=sanction.ends_at, reason=sanction.reason, sanction=sanction.id
    )
    with translation.override(language):
        explanation = explain(restriction)
    return SanctionView(
        id=sanction.id,
        kind=sanction.kind,
        room=sanction.scope_id,
        reason=sanction.reason,
        explanation=explanation,
        note=sanction.public_note,
        automatic=sanction.actor_id is None,
        starts_at=sanction.starts_at,
        ends_at=sanction.ends_at,
        ended_at={"lifted": sanction.lifted_at, "expired": sanction.ends_at}.get(state),
        state=state,
    )


def sanctions_of(user_id: UUID) -> QuerySet[Sanction]:
    """Return all sanctions of a person."""
    return Sanction.objects.filter(user=user_id)


def all_sanctions(
    *,
    scope_ids: Collection[UUID] | None,
    user_id: UUID | None = None,
    scope_id: UUID | None = None,
    kind: str | None = None,
    state: str | None = None,
) -> QuerySet[Sanction]:
    """Return the sanctions that a moderator may see, with the people they name.

    Args:
        scope_ids: Rooms of the moderator; None for staff: all, and those of the server.
        user_id: Of this person only.
        scope_id: Of this room only.
        kind: Of this kind only.
        state: In this state only, a value of `STATES`.
    """
    found = Sanction.objects.select_related("user", "actor", "lifted_by")
    if scope_ids is not None:
        found = found.filter(scope_id__in=scope_ids)
    wanted = {"user": user_id, "scope_id": scope_id, "kind": kind}
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    is_over = Q(ends_at__lte=Now())
    match state:
        case "active":
            return found.filter(~is_over | Q(ends_at=None), lifted_at=None)
        case "lifted":
            return found.filter(lifted_at__isnull=False)
        case "expired":
            return found.filter(is_over, lifted_at=None)
        case _:
            return found


def get_sanction(*, sanction_id: UUID, scope_ids: Collection[UUID] | None) -> Sanction:
    """Return a sanction that a moderator may see. Raises NoSuchSanction."""
    found = all_sanctions(scope_ids=scope_ids).filter(pk=sanction_id).first()
    if found is None:
        raise NoSuchSanction
    return found
