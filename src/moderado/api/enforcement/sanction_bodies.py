"""Bodies of answers about sanctions: for their person, and for staff."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request

from moderado.accounts.types import Principal
from moderado.api.callers import caller
from moderado.api.enforcement.sanction_inputs import KINDS
from moderado.api.schemas import PersonField
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors import sanctions

EXAMPLE = {
    "id": "0197b1a0-0000-7000-8000-000000000009",
    "kind": "mute",
    "room": "0197b1a0-0000-7000-8000-000000000001",
    "reason": "harassment",
    "explanation": "A moderator has muted you: you may read, not write. Reason: harassment. "
    "It ends on 2026-11-29 12:00 UTC.",
    "note": "Leia as regras da sala.",
    "automatic": False,
    "starts_at": "2026-11-28T12:00:00Z",
    "ends_at": "2026-11-29T12:00:00Z",
    "end_changed_at": None,
    "end_reason": "",
    "ended_at": None,
    "state": "active",
    "points": None,
    "threshold": None,
    "cause": None,
    "decision": "0197b1a0-0000-7000-8000-000000000009",
    "appealable": True,
    "appeal_until": "2027-05-27T12:00:00Z",
    "appeal_path": "/api/me/decisions/0197b1a0-0000-7000-8000-000000000009/appeal/",
}


_PEOPLE = ("user", "actor", "lifted_by", "end_changed_by")


class SanctionBody(serializers.Serializer[Any]):
    """A sanction as its person sees it. Moderators are not named."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KINDS)
    room = serializers.UUIDField(allow_null=True, help_text="Null for the whole server.")
    reason = serializers.CharField(help_text="A code, such as `harassment`.")
    explanation = serializers.CharField(help_text="What it is, why, and until when.")
    note = serializers.CharField(help_text="What the moderator wrote to the person.")
    automatic = serializers.BooleanField(help_text="Strikes or a verdict led to it, no person.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null for no end.")
    end_changed_at = serializers.DateTimeField(
        allow_null=True, help_text="When a moderator last changed `ends_at`; or null."
    )
    end_reason = serializers.CharField(help_text="Why it was changed; empty if it was not.")
    ended_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was lifted, or expired."
    )
    state = serializers.ChoiceField(choices=sanctions.STATES)
    points = serializers.IntegerField(
        allow_null=True, help_text="Of a strike, which counts until `ends_at`; otherwise null."
    )
    threshold = serializers.IntegerField(
        allow_null=True, help_text="The points of strikes that led to it; null without any."
    )
    cause = serializers.UUIDField(
        allow_null=True, help_text="The strike that led to it: its id in `me/sanctions/`."
    )
    decision = serializers.UUIDField(help_text="What can be appealed: its id in `me/decisions/`.")
    appealable = serializers.BooleanField(help_text="Whether the person may appeal now.")
    appeal_until = serializers.DateTimeField(help_text="When the time to appeal ends.")
    appeal_path = serializers.CharField(help_text="Where to send the appeal.")


class StaffSanctionBody(SanctionBody):
    """A sanction as moderators see it."""

    user = PersonField(allow_null=True)
    actor = PersonField(allow_null=True)
    ruling = serializers.UUIDField(allow_null=True)
    lifted_by = PersonField(allow_null=True)
    end_changed_by = PersonField(allow_null=True)
    lift_reason = serializers.CharField()
    policy = serializers.CharField(help_text="By which strikes are counted; otherwise empty.")
    category = serializers.CharField(help_text="Of a strike; otherwise empty.")


class SanctionPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SanctionBody(many=True)


class StaffSanctionPage(SanctionPage):
    results = StaffSanctionBody(many=True)


def for_person(sanction: Sanction, who: Principal, appealed: Collection[UUID]) -> dict[str, Any]:
    """Return a sanction as its person sees it, in the language of the reader."""
    is_appealed = sanctions.decision_of(sanction) in appealed
    view = sanctions.view_of(sanction, language=who.language, is_appealed=is_appealed)
    return dict(SanctionBody(view).data)


def for_staff(
    sanction: Sanction, request: Request, appealed: Collection[UUID] = ()
) -> dict[str, Any]:
    """Return a sanction as moderators see it."""
    people = {name: getattr(sanction, name) for name in _PEOPLE}
    return {
        **for_person(sanction, caller(request), appealed),
        **{name: _person(user) for name, user in people.items()},
        "ruling": None if sanction.ruling_id is None else str(sanction.ruling_id),
        "lift_reason": sanction.lift_reason,
        "policy": sanction.policy_name,
        "category": sanction.category,
    }


def _person(user: Any) -> dict[str, Any] | None:
    return None if user is None else PersonField().to_representation(user)
