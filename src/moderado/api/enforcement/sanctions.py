"""Sanctions: /api/me/sanctions/ and /api/enforcement/sanctions/."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.types import Principal
from moderado.api.authentication import ALSO_WHEN_BANNED
from moderado.api.callers import (
    caller,
    check_moderated,
    moderated_or_all,
    moderated_scopes,
    sees_restricted,
)
from moderado.api.enforcement.sanction_inputs import (
    KINDS,
    LiftInput,
    SanctionInput,
    SanctionQuery,
)
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import once
from moderado.api.schemas import CURSOR, PAGE_SIZE, PersonField, validated
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors import sanctions
from moderado.enforcement.services import imposing
from moderado.enforcement.services.restricted_looks import audit_views, cases_of

_EXAMPLE = {
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
    lift_reason = serializers.CharField()
    policy = serializers.CharField(help_text="By which strikes are counted; otherwise empty.")
    category = serializers.CharField(help_text="Of a strike; otherwise empty.")


class SanctionPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SanctionBody(many=True)


class StaffSanctionPage(SanctionPage):
    results = StaffSanctionBody(many=True)


class OwnSanctions(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="list_own_sanctions",
        parameters=[CURSOR, PAGE_SIZE],
        responses=SanctionPage,
        examples=[
            OpenApiExample(
                "A mute",
                {"next": None, "previous": None, "results": [_EXAMPLE]},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """List the sanctions against you, also past ones, the latest first."""
        who = caller(request)
        pages = NewestFirstPagination()
        found = sanctions.sanctions_of(who.user_id)
        page = pages.paginate_queryset(found, request, view=self) or []
        appealed = sanctions.appealed_among(page)
        return pages.get_paginated_response([_shown(each, who, appealed) for each in page])


def _sanction_now(_view: APIView, request: Request, made: UUID) -> Response:
    found = sanctions.get_sanction(
        sanction_id=made,
        scope_ids=moderated_scopes(request, rights.ADD_SANCTION),
        sees_restricted=sees_restricted(request),
    )
    return Response(_for_staff(found, request))


class Sanctions(APIView):
    @extend_schema(
        operation_id="list_sanctions",
        parameters=[SanctionQuery, CURSOR, PAGE_SIZE],
        responses=StaffSanctionPage,
    )
    def get(self, request: Request) -> Response:
        """List sanctions, the latest first. Room moderators see those of their rooms."""
        asked = validated(SanctionQuery, request.query_params.dict())
        scope_ids = moderated_scopes(request, rights.VIEW_SANCTION)
        room_id = asked.get("room")
        check_moderated(room_id, scope_ids)
        found = sanctions.all_sanctions(
            scope_ids=scope_ids,
            user_id=asked.get("user"),
            scope_id=room_id,
            kind=asked.get("kind"),
            state=asked.get("state"),
            sees_restricted=sees_restricted(request),
        )
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(found, request, view=self) or []
        audit_views(actor_id=caller(request).user_id, cases=cases_of(page))
        appealed = sanctions.appealed_among(page)
        return pages.get_paginated_response([_for_staff(each, request, appealed) for each in page])

    @extend_schema(
        operation_id="impose_sanction",
        request=SanctionInput,
        responses={201: StaffSanctionBody, 200: StaffSanctionBody},
        examples=[
            OpenApiExample(
                "A mute of one day",
                {
                    "user": "0197b1a0-0000-7000-8000-000000000002",
                    "kind": "mute",
                    "scope": "room",
                    "room": "0197b1a0-0000-7000-8000-000000000001",
                    "term_seconds": 86_400,
                    "reason": "harassment",
                    "public_note": "Leia as regras da sala.",
                },
                request_only=True,
            )
        ],
    )
    @once("sanction", present=_sanction_now)
    def post(self, request: Request) -> Response:
        """Impose a sanction on a person. It binds at once, and they learn what, why, how long.

        Moderators of a room act there, on who has a lower role; staff on the whole server, too.
        The same request within a minute is a repeat: 200 with the first sanction.
        """
        scope_ids = moderated_scopes(request, rights.ADD_SANCTION)
        asked = validated(SanctionInput, request.data)
        sanction, is_new = imposing.impose_sanction(
            actor_id=caller(request).user_id,
            scope_ids=scope_ids,
            user_id=asked["user"],
            kind=asked["kind"],
            scope_id=asked["scope_id"],
            term=asked.get("term_seconds"),
            reason=asked["reason"],
            public_note=asked.get("public_note", ""),
        )
        return Response(_for_staff(sanction, request), status=201 if is_new else 200)


class Lifting(APIView):
    @extend_schema(
        operation_id="lift_sanction", request=LiftInput, responses={200: StaffSanctionBody}
    )
    def post(self, request: Request, sanction_id: UUID) -> Response:
        """Lift a sanction, or revoke a strike. 409 `sanction_ended` if it is over."""
        scope_ids = moderated_or_all(request, rights.LIFT_SANCTION)
        trusted = sees_restricted(request)
        sanctions.get_sanction(  # 404 comes first
            sanction_id=sanction_id, scope_ids=scope_ids, sees_restricted=trusted
        )
        sanction = imposing.lift_by_hand(
            actor_id=caller(request).user_id,
            scope_ids=scope_ids,
            sees_restricted=trusted,
            sanction_id=sanction_id,
            reason=validated(LiftInput, request.data)["reason"],
        )
        return Response(_for_staff(sanction, request))


def _shown(sanction: Sanction, who: Principal, appealed: Collection[UUID]) -> dict[str, Any]:
    is_appealed = sanctions.decision_of(sanction) in appealed
    view = sanctions.view_of(sanction, language=who.language, is_appealed=is_appealed)
    return dict(SanctionBody(view).data)


def _for_staff(
    sanction: Sanction, request: Request, appealed: Collection[UUID] = ()
) -> dict[str, Any]:
    people = {name: getattr(sanction, name) for name in ("user", "actor", "lifted_by")}
    return {
        **_shown(sanction, caller(request), appealed),
        **{name: _person(user) for name, user in people.items()},
        "ruling": None if sanction.ruling_id is None else str(sanction.ruling_id),
        "lift_reason": sanction.lift_reason,
        "policy": sanction.policy_name,
        "category": sanction.category,
    }


def _person(user: Any) -> dict[str, Any] | None:
    return None if user is None else PersonField().to_representation(user)
