"""Cases for moderators: /api/enforcement/cases/ and rulings/.

For moderators of a room, about that room; for staff with the permission, about all.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from django.db.models import FloatField
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.api.callers import actor_of, may, moderated_scopes, require
from moderado.api.enforcement.case_bodies import (
    CaseDetailBody,
    CaseFilterInput,
    MadeRulingBody,
    NoteBody,
    NoteInput,
    ReasonInput,
    RulingOnCaseInput,
    ShownCaseBody,
    ShownCasePage,
    SnoozeInput,
    proposal_of,
)
from moderado.api.moderation_bodies import ContextQuery
from moderado.api.pagination import ExactCursorPagination
from moderado.api.repeats import ActInput, once
from moderado.api.schemas import CURSOR, PAGE_SIZE, validated
from moderado.chat.selectors.review import surroundings
from moderado.chat.services.restricted_reading import read_case
from moderado.core.errors import NotFound
from moderado.enforcement.selectors import cases as selectors
from moderado.enforcement.selectors.case_details import case_details
from moderado.enforcement.services import claiming, rulings
from moderado.enforcement.services.access import get_case_of_others
from moderado.enforcement.services.restricted_looks import audit_views, audit_views_of_lines
from moderado.enforcement.types import Actor
from moderado.moderation.restricted_cases import is_restricted
from moderado.moderation.texts import with_texts


class RankedPages(ExactCursorPagination):
    """The most urgent and severest first, then the oldest: ids of cases are in order of time."""

    ordering = ("rank", "id")

    def _fields(self, model: type[Any]) -> list[Any]:
        rank = FloatField()
        rank.set_attributes_from_name("rank")  # annotated by the selector
        return [rank, model._meta.pk]  # noqa: SLF001  (documented by Django)


class Cases(APIView):
    @extend_schema(
        operation_id="list_cases",
        parameters=[CaseFilterInput, CURSOR, PAGE_SIZE],
        responses=ShownCasePage,
    )
    def get(self, request: Request) -> Response:
        """List the cases: the most urgent and severest first, then the oldest.

        Cases in which you are a party are left out: others decide those.
        """
        asked = validated(CaseFilterInput, request.query_params.dict())
        actor = moderator(request, rights.VIEW_CASE)
        check_room(actor, asked.get("room"))
        found = selectors.ranked(selectors.cases(actor=actor, wanted=filter_of(asked)))
        pages = RankedPages()
        page = with_texts(pages.paginate_queryset(found, request, view=self) or [])
        return pages.get_paginated_response(_shown(request, page))


class OneCase(APIView):
    @extend_schema(operation_id="get_case", parameters=[ContextQuery], responses=CaseDetailBody)
    def get(self, request: Request, case_id: UUID) -> Response:
        """Return a case with reports, signals, context, the author's card and its timeline."""
        actor = actor_of(request, rights.VIEW_CASE)
        case = read_case(actor=actor, case_id=case_id)
        asked = validated(ContextQuery, request.query_params.dict())
        return Response(_detailed(request, actor, case, **asked))


def _case_now(_view: APIView, request: Request, case_id: UUID, **_: object) -> Response:
    actor = actor_of(request, rights.CLAIM_CASE)
    return Response(_shown(request, [get_case_of_others(actor=actor, case_id=case_id)])[0])


class Claiming(APIView):
    @extend_schema(operation_id="claim_case", request=ActInput, responses=ShownCaseBody)
    @once("claim", present=_case_now)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Claim a case for 15 minutes, or extend the claim.

        409 while another moderator has it, or if it is decided, closed or escalated.
        """
        actor = actor_of(request, rights.CLAIM_CASE)
        case = claiming.claim_case(actor=actor, case_id=case_id)
        return Response(_shown(request, [case])[0])


class Releasing(APIView):
    @extend_schema(
        operation_id="release_case", request=ActInput, responses={200: ShownCaseBody, 204: None}
    )
    @once("release", present=_case_now)
    def post(self, request: Request, case_id: UUID) -> Response:
        """End your claim. 409 while another moderator has the case.

        204 if you may not decide the case any more, as after you have reported its subject.
        """
        actor = actor_of(request, rights.CLAIM_CASE)
        case = claiming.release_case(actor=actor, case_id=case_id)
        return Response(status=204) if case is None else Response(_shown(request, [case])[0])


class Snoozing(APIView):
    @extend_schema(operation_id="snooze_case", request=SnoozeInput, responses=ShownCaseBody)
    @once("snooze", present=_case_now)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Put a case off until a time, or until something else points at its subject."""
        actor = found(request, rights.CLAIM_CASE, case_id)
        asked = validated(SnoozeInput, request.data)
        case = claiming.snooze_case(actor=actor, case_id=case_id, until=asked["until"])
        return Response(_shown(request, [case])[0])


class Escalating(APIView):
    @extend_schema(operation_id="escalate_case", request=ActInput, responses=ShownCaseBody)
    @once("escalate", present=_case_now)
    def post(self, request: Request, case_id: UUID) -> Response:
        """Hand a case over to the moderators of the server."""
        actor = actor_of(request, rights.CLAIM_CASE)
        case = claiming.escalate_case(actor=actor, case_id=case_id)
        return Response(_shown(request, [case])[0])


class Notes(APIView):
    @extend_schema(
        operation_id="write_case_note",
        request=NoteInput,
        responses={201: NoteBody, 200: NoteBody},
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Write a note for other moderators. It extends your claim.

        The same text within a minute is a repeat: 200 with the first note.
        """
        actor = found(request, rights.CLAIM_CASE, case_id)
        asked = validated(NoteInput, request.data)
        note, is_new = claiming.write_note(actor=actor, case_id=case_id, text=asked["text"])
        return Response(NoteBody(note).data, status=201 if is_new else 200)


class Ruling(APIView):
    @extend_schema(
        operation_id="rule_on_case", request=RulingOnCaseInput, responses={201: MadeRulingBody}
    )
    def post(self, request: Request, case_id: UUID) -> Response:
        """Decide content and author in one act, overriding automatic verdicts.

        409 while another moderator has claimed it, or if it is decided. A repeat of the ruling that
        you have made returns that. 409 `other_revision` if
        the case is about another revision, `case_superseded` if the text was replaced or deleted:
        then nothing is stored.
        """
        actor = found(request, rights.DECIDE_CASE, case_id)
        asked = validated(RulingOnCaseInput, request.data)
        check_sanctions(request, actor, asked)
        ruling = rulings.rule(
            actor=actor,
            case_id=case_id,
            proposal=proposal_of(asked),
            client_id=asked.get("client_id"),
        )
        return Response(MadeRulingBody(ruling).data, status=201)


class Undoing(APIView):
    @extend_schema(operation_id="undo_ruling", request=None, responses=MadeRulingBody)
    def post(self, request: Request, ruling_id: UUID) -> Response:
        """Take your ruling back until its `undo_until`. After that, 409 `undo_expired`."""
        actor = actor_of(request, rights.DECIDE_CASE)
        return Response(MadeRulingBody(rulings.undo(actor=actor, ruling_id=ruling_id)).data)


class Reversing(APIView):
    @extend_schema(
        operation_id="reverse_ruling", request=ReasonInput, responses={201: MadeRulingBody}
    )
    def post(self, request: Request, ruling_id: UUID) -> Response:
        """Put back what was before a ruling, and lift the sanctions that it imposed.

        A text that waited is hidden again, and its case is open. A repeat returns your reversal.
        409 `ruling_replaced` if the ruling was undone, if another moderator has reversed it, or if
        a later one stands.
        """
        actor = actor_of(request, rights.REVERSE_RULING)
        rulings.get_ruling(actor=actor, ruling_id=ruling_id)  # before validation: 404 for others
        asked = validated(ReasonInput, request.data)
        reversal = rulings.reverse(actor=actor, ruling_id=ruling_id, reason=asked["reason"])
        return Response(MadeRulingBody(reversal).data, status=201)


def moderator(request: Request, permission: str) -> Actor:
    """Return the caller as a moderator. Raises Forbidden for others."""
    moderated_scopes(request, permission)
    return actor_of(request, permission)


def found(request: Request, permission: str, case_id: UUID) -> Actor:
    """Return the caller if they may see the case: 404 comes before what is wrong in a body."""
    actor = actor_of(request, permission)
    selectors.get_case(actor=actor, case_id=case_id)
    return actor


def check_sanctions(request: Request, actor: Actor, asked: dict[str, Any]) -> None:
    """Raise Forbidden for staff who rule with sanctions, but may not impose any."""
    is_staff = actor.scope_ids is None
    if asked.get("sanctions") and is_staff:
        require(request, rights.ADD_SANCTION)


def check_room(actor: Actor, room_id: UUID | None) -> None:
    """Raise NotFound for a room that the moderator does not moderate."""
    if room_id is not None and actor.scope_ids is not None and room_id not in actor.scope_ids:
        raise NotFound


def filter_of(asked: dict[str, Any]) -> selectors.CaseFilter:
    """Return the filter of a validated `CaseFilterInput`."""
    states = {"states": (selectors.CaseState(asked["state"]),)} if "state" in asked else {}
    return selectors.CaseFilter(
        queue_id=asked.get("queue"),
        scope_id=asked.get("room"),
        origin=asked.get("origin"),
        category=asked.get("category"),
        author_id=asked.get("author"),
        claimed=selectors.Claimed(asked["claimed"]) if "claimed" in asked else None,
        **states,
    )


def _shown(request: Request, page: Sequence[Any]) -> list[dict[str, Any]]:
    audit_views(actor_id=cast("User", request.user).id, cases=page)
    around = surroundings(page, viewer=cast("User", request.user))
    return list(ShownCaseBody(page, many=True, context={"surroundings": around}).data)


def _detailed(request: Request, actor: Actor, case: Any, **context: int) -> dict[str, Any]:
    audit_views(actor_id=actor.id, cases=[case])
    case.details = case_details(
        actor=actor, case=case, with_records=may(request, rights.SUSPEND_REPORTING)
    )
    if not is_restricted(case):
        audit_views_of_lines(actor_id=actor.id, lines=case.details.signals)
    case.details.signals[:] = with_texts(case.details.signals)
    around = surroundings([case], viewer=cast("User", request.user), **context)
    return dict(CaseDetailBody(case, context={"surroundings": around}).data)
