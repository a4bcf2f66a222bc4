"""The moderation log and the cases for moderators: /api/moderation/.

For moderators of a room, about that room; for staff with the permission, about all.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.api.callers import (
    actor_of,
    caller,
    check_moderated,
    moderated_scopes,
    sees_restricted,
)
from moderado.api.moderation_bodies import (
    CaseBody,
    CasePage,
    CaseQuery,
    ContextQuery,
    CountsBody,
    LogBody,
    LogPage,
    LogQuery,
    RulingInput,
)
from moderado.api.pagination import NewestFirstPagination, NumberedPages
from moderado.api.repeats import ActInput, once
from moderado.api.schemas import CURSOR, PAGE, PAGE_SIZE, validated
from moderado.chat.selectors.review import surroundings
from moderado.chat.services.restricted_reading import read_case
from moderado.enforcement.selectors import cases as case_selectors
from moderado.enforcement.services import claiming, rulings
from moderado.enforcement.services.access import get_case_of_others
from moderado.enforcement.services.restricted_looks import audit_views, audit_views_of_lines
from moderado.enforcement.types import CONTENT_OF
from moderado.moderation import selectors
from moderado.moderation.texts import with_texts
from moderado.moderation.types import Outcome

_State = case_selectors.CaseState
_STATES = {
    "open": (_State.OPEN, _State.ESCALATED),
    "decided": (_State.DECIDED,),
    "closed": (_State.CLOSED,),
}


class Logs(APIView):
    @extend_schema(
        operation_id="list_moderation_logs",
        parameters=[LogQuery, CURSOR, PAGE_SIZE],
        responses=LogPage,
    )
    def get(self, request: Request) -> Response:
        """List how messages were judged, newest first."""
        asked = validated(LogQuery, request.query_params.dict())
        scope_ids = moderated_scopes(request, rights.VIEW_LOG)
        room_id, subject_id = asked.pop("room", None), asked.pop("subject", None)
        check_moderated(room_id, scope_ids)
        message_id = asked.pop("message", None)
        wanted = selectors.LogFilter(subject_id=message_id or subject_id, scope_id=room_id, **asked)
        pages = NewestFirstPagination()
        lines = selectors.logs(
            wanted=wanted, scope_ids=scope_ids, sees_restricted=sees_restricted(request)
        )
        page = with_texts(pages.paginate_queryset(lines, request, view=self) or [])
        audit_views_of_lines(actor_id=caller(request).user_id, lines=page)
        return pages.get_paginated_response(LogBody(page, many=True).data)


class Cases(APIView):
    @extend_schema(
        operation_id="list_moderation_cases",
        parameters=[CaseQuery, PAGE, PAGE_SIZE],
        responses=CasePage,
    )
    def get(self, request: Request) -> Response:
        """List the cases: the most severe first, then the oldest.

        Cases about your own content are left out: others decide those. `counts` counts the open
        cases, whatever the other filters.
        """
        asked = validated(CaseQuery, request.query_params.dict())
        scope_ids = moderated_scopes(request, rights.VIEW_CASE)
        room_id = asked.get("room")
        check_moderated(room_id, scope_ids)
        actor = actor_of(request, rights.VIEW_CASE)
        wanted = case_selectors.CaseFilter(
            states=_STATES[asked["state"]],
            scope_id=room_id,
            origin=asked.get("origin"),
            category=asked.get("category"),
            author_id=asked.get("author"),
            claimed=case_selectors.Claimed(asked["claimed"]) if "claimed" in asked else None,
        )
        queue = case_selectors.cases(actor=actor, wanted=wanted)
        counts = case_selectors.case_counts(actor=actor, scope_id=room_id)
        pages = NumberedPages()
        page = with_texts(pages.paginate_queryset(queue, request, view=self) or [])
        answer = pages.get_paginated_response(_shown(request, page))
        answer.data["counts"] = CountsBody(counts).data
        return answer


class OneCase(APIView):
    @extend_schema(
        operation_id="get_moderation_case", parameters=[ContextQuery], responses=CaseBody
    )
    def get(self, request: Request, case_id: UUID) -> Response:
        """Return a case with the visible messages around its message."""
        actor = actor_of(request, rights.VIEW_CASE)
        case = read_case(actor=actor, case_id=case_id)
        asked = validated(ContextQuery, request.query_params.dict())
        return Response(_shown(request, [case], **asked)[0])


def _case_now(_view: APIView, request: Request, case_id: UUID, **_: object) -> Response:
    actor = actor_of(request, rights.CLAIM_CASE)
    return Response(_shown(request, [get_case_of_others(actor=actor, case_id=case_id)])[0])


class Claiming(APIView):
    @extend_schema(operation_id="claim_moderation_case", request=ActInput, responses=CaseBody)
    @once("claim", present=_case_now)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Claim a case for 15 minutes.

        409 while another moderator has it, or if it is decided or closed.
        """
        actor = actor_of(request, rights.CLAIM_CASE)
        case = claiming.claim_case(actor=actor, case_id=case_id)
        return Response(_shown(request, [case])[0])


class Ruling(APIView):
    @extend_schema(operation_id="rule_on_moderation_case", request=RulingInput, responses=CaseBody)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Decide a case, overriding automatic verdicts.

        409 while another moderator has claimed it, or if it is decided. 409 `case_superseded` if
        its text was replaced or deleted: then the ruling has no effect, and `reason` says why.
        """
        actor = actor_of(request, rights.DECIDE_CASE)
        case_selectors.get_case(actor=actor, case_id=case_id)  # before validation: 404 for others
        asked = validated(RulingInput, request.data)
        proposal = rulings.Proposal(
            content=CONTENT_OF[Outcome(asked["outcome"])],
            reason=asked["reason"],
            private_note=asked.get("note", ""),
        )
        client_id = asked.get("client_id")
        rulings.rule(actor=actor, case_id=case_id, proposal=proposal, client_id=client_id)
        case = case_selectors.get_case(actor=actor, case_id=case_id)
        return Response(_shown(request, [case])[0])


def _shown(request: Request, cases: Sequence[Any], **context: int) -> list[dict[str, Any]]:
    audit_views(actor_id=caller(request).user_id, cases=cases)
    around = surroundings(cases, viewer=cast("User", request.user), **context)
    return list(CaseBody(cases, many=True, context={"surroundings": around}).data)
