"""Sanctions as their person and as staff may see them."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import translation

from moderado.core import clock
from moderado.core.database import run_prepared
from moderado.enforcement.appeal_terms import appeal_end, appeal_path
from moderado.enforcement.errors import NoSuchSanction
from moderado.enforcement.events import PersonNotice, PersonNotified
from moderado.enforcement.models import Appeal, Sanction
from moderado.enforcement.selectors.restricted import without_restricted_sanctions
from moderado.enforcement.statements import sanction_statement
from moderado.enforcement.types import Restriction
from moderado.enforcement.views import STATES as STATES
from moderado.enforcement.views import SanctionState
from moderado.enforcement.views import SanctionView as SanctionView


def state_of(sanction: Sanction) -> SanctionState:
    """Return whether a sanction is in force, also before its expiry was recorded."""
    if sanction.lifted_at is not None:
        return "lifted"
    is_over = sanction.ends_at is not None and sanction.ends_at <= clock.estimated()
    return "expired" if is_over else "active"


def view_of(sanction: Sanction, *, language: str, is_appealed: bool = False) -> SanctionView:
    """Return what the person sees of a sanction.

    Args:
        sanction: The sanction.
        language: The language of the explanation.
        is_appealed: Whether the person has appealed its decision.
    """
    decision_id = decision_of(sanction)
    appeal_until = appeal_end(sanction.appeal_from)
    state = state_of(sanction)
    is_appealable = state != "lifted" and not is_appealed and appeal_until > clock.estimated()
    with translation.override(language):
        explanation = sanction_statement(
            restriction_of(sanction),
            is_automatic=sanction.actor_id is None,
            is_appealable=is_appealable,
            is_lifted=state == "lifted",
            end_reason=None if sanction.end_changed_at is None else sanction.end_reason,
        )
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
        end_changed_at=sanction.end_changed_at,
        end_reason=sanction.end_reason,
        ended_at={"lifted": sanction.lifted_at, "expired": sanction.ends_at}.get(state),
        state=state,
        points=sanction.weight,
        threshold=sanction.threshold,
        cause=sanction.cause_id,
        decision=decision_id,
        appealable=is_appealable,
        appeal_until=appeal_until,
        appeal_path=appeal_path(decision_id),
    )


_NEWS = """
    WITH since(moment) AS (
        SELECT coalesce(%(since)s::timestamptz, statement_timestamp()) - %(overlap)s::interval
    )
    SELECT statement_timestamp(), (SELECT moment FROM since), ARRAY(
        SELECT id FROM enforcement_sanction, since
         WHERE user_id = ANY (%(users)s)
           AND (starts_at > moment OR lifted_at > moment OR end_changed_at > moment
                OR (ends_at > moment AND ends_at <= statement_timestamp())))
"""


def sanction_news(
    *, user_ids: Collection[UUID], since: datetime | None, overlap: timedelta
) -> tuple[datetime, list[PersonNotified]]:
    """Return what has happened to the sanctions of persons, as notices to them.

    Args:
        user_ids: The persons.
        since: Until when it was read before, by the database's clock; None if it was not.
        overlap: How long before that to begin: commits become visible after their time stamps.

    Returns:
        The moment until which this was read, and the notices, the oldest first.
    """
    values: dict[str, Any] = {"users": list(user_ids), "since": since, "overlap": overlap}
    ((until, after, ids),) = run_prepared(_NEWS, values)
    if not ids:
        return until, []
    changed = Sanction.objects.filter(pk__in=ids, user__isnull=False).select_related("user")
    return until, [
        news for each in changed.order_by("starts_at", "id") for news in _news(each, after)
    ]


def _news(sanction: Sanction, after: datetime) -> Iterator[PersonNotified]:
    """Yield what has happened to a sanction, as it is now, after a moment."""
    assert sanction.user is not None, "filtered above"
    view = view_of(sanction, language=sanction.user.language)
    notices = [PersonNotice.SANCTION_LIFTED]
    if view.state == "active":
        changed_at = sanction.end_changed_at
        is_changed = changed_at is not None and changed_at > after
        is_new = sanction.starts_at > after or not is_changed
        notices = [PersonNotice.SANCTION_APPLIED] if is_new else []
        notices += [PersonNotice.SANCTION_CHANGED] if is_changed else []
    for notice in notices:
        yield PersonNotified(user_id=sanction.user.id, notice=notice, body=view)


def restriction_of(sanction: Sanction) -> Restriction:
    """Return what a refusal says of a sanction."""
    return Restriction(
        kind=sanction.kind,
        until=sanction.ends_at,
        reason=sanction.reason,
        sanction=sanction.id,
        note=sanction.public_note,
        decision=decision_of(sanction),
        appeal_until=appeal_end(sanction.appeal_from),
    )


def decision_of(sanction: Sanction) -> UUID:
    """Return the decision that a sanction belongs to: its ruling, or itself."""
    return sanction.ruling_id or sanction.id


def appealed_among(sanctions: Collection[Sanction]) -> set[UUID]:
    """Return the decisions of these sanctions that their person has appealed."""
    decisions = [decision_of(each) for each in sanctions]
    appellants = {each.user_id for each in sanctions}
    found = Appeal.objects.filter(decision_id__in=decisions, appellant__in=appellants)
    return set(found.values_list("decision_id", flat=True))


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
    sees_restricted: bool = False,
) -> QuerySet[Sanction]:
    """Return the sanctions that a moderator may see, with the people they name.

    Args:
        scope_ids: Rooms of the moderator; None for staff: all, and those of the server.
        user_id: Of this person only.
        scope_id: Of this room only.
        kind: Of this kind only.
        state: In this state only, a value of `STATES`.
        sees_restricted: Whether they may see those of cases about danger to children.
    """
    found = Sanction.objects.select_related(
        "user", "actor", "lifted_by", "end_changed_by", "ruling__case"
    )
    if not sees_restricted:
        found = without_restricted_sanctions(found)
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


def get_sanction(
    *, sanction_id: UUID, scope_ids: Collection[UUID] | None, sees_restricted: bool = False
) -> Sanction:
    """Return a sanction that a moderator may see. Raises NoSuchSanction."""
    visible = all_sanctions(scope_ids=scope_ids, sees_restricted=sees_restricted)
    found = visible.filter(pk=sanction_id).first()
    if found is None:
        raise NoSuchSanction
    return found
