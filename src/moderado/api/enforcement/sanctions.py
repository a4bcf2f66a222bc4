"""Sanctions: /api/me/sanctions/ and /api/enforcement/sanctions/."""

from collections.abc import Collection
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.authentication import ALSO_WHEN_BANNED
from moderado.api.callers import (
    caller,
    check_moderated,
    moderated_or_all,
    moderated_scopes,
    sees_restricted,
)
from moderado.api.enforcement.sanction_bodies import (
    EXAMPLE,
    SanctionPage,
    StaffSanctionBody,
    StaffSanctionPage,
    for_person,
    for_staff,
)
from moderado.api.enforcement.sanction_inputs import (
    LiftInput,
    SanctionInput,
    SanctionQuery,
    TermInput,
)
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import once
from moderado.api.schemas import CURSOR, PAGE_SIZE, validated
from moderado.enforcement.selectors import sanctions
from moderado.enforcement.services import imposing, sanction_ends
from moderado.enforcement.services.restricted_looks import audit_views, cases_of


class OwnSanctions(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(
        operation_id="list_own_sanctions",
        parameters=[CURSOR, PAGE_SIZE],
        responses=SanctionPage,
        examples=[
            OpenApiExample(
                "A mute",
                {"next": None, "previous": None, "results": [EXAMPLE]},
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
        return pages.get_paginated_response([for_person(each, who, appealed) for each in page])


def _sanction_now(_view: APIView, request: Request, made: UUID) -> Response:
    return _present(request, made, moderated_scopes(request, rights.ADD_SANCTION))


def _term_now(_view: APIView, request: Request, sanction_id: UUID, **_: object) -> Response:
    return _present(request, sanction_id, moderated_or_all(request, rights.LIFT_SANCTION))


def _present(request: Request, sanction_id: UUID, scope_ids: Collection[UUID] | None) -> Response:
    found = sanctions.get_sanction(
        sanction_id=sanction_id, scope_ids=scope_ids, sees_restricted=sees_restricted(request)
    )
    return Response(for_staff(found, request))


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
        return pages.get_paginated_response([for_staff(each, request, appealed) for each in page])

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
        return Response(for_staff(sanction, request), status=201 if is_new else 200)


class Term(APIView):
    @extend_schema(
        operation_id="change_sanction_term",
        request=TermInput,
        responses={200: StaffSanctionBody},
    )
    @once("sanction_term", present=_term_now)
    def post(self, request: Request, sanction_id: UUID) -> Response:
        """Change when slow mode, a mute or a ban ends. The person reads the new end and the reason.

        To lengthen it, one needs the right to impose it, too: 409 `sanction_appealed` if the person
        has appealed it. 409 `sanction_ended` if it is over, `end_fixed` for warnings and strikes.
        """
        scope_ids = moderated_or_all(request, rights.LIFT_SANCTION)
        trusted = sees_restricted(request)
        sanctions.get_sanction(  # 404 comes first
            sanction_id=sanction_id, scope_ids=scope_ids, sees_restricted=trusted
        )
        asked = validated(TermInput, request.data)
        sanction = sanction_ends.change_end(
            actor_id=caller(request).user_id,
            scope_ids=scope_ids,
            imposing_scope_ids=moderated_or_all(request, rights.ADD_SANCTION),
            sees_restricted=trusted,
            sanction_id=sanction_id,
            until=asked["until"],
            reason=asked["reason"],
        )
        return Response(for_staff(sanction, request))


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
        return Response(for_staff(sanction, request))
