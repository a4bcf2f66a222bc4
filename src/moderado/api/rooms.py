"""Rooms and their participants: /api/chat/rooms/."""

from contextlib import nullcontext
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.api.bodies import body_of
from moderado.api.callers import caller, is_proved
from moderado.api.pagination import ExactCursorPagination, NumberedPages
from moderado.api.repeats import ActInput, nothing_more, once
from moderado.api.schemas import (
    CURSOR,
    PAGE,
    PAGE_SIZE,
    Departure,
    ParticipantInput,
    ReadInput,
    RoleChange,
    RoomChange,
    RoomInput,
    RoomPage,
    RoomQuery,
    validated,
)
from moderado.chat.selectors import rooms as rooms_read
from moderado.chat.selectors.room_views import participant, room_detail, room_views
from moderado.chat.selectors.rooms import listed_rooms
from moderado.chat.services import memberships, reading, rooms
from moderado.chat.views import Participant, RoomDetail
from moderado.core.database import search_budget
from moderado.core.errors import NotFound


def _room_now(_view: APIView, request: Request, room_id: UUID, **_: object) -> Response:
    return Response(_detail(request, room_id))


def _participant_now(
    _view: APIView, request: Request, room_id: UUID, user_id: UUID | None = None, **_: object
) -> Response:
    """Answer a participant as it is now, by default the caller. Raises NotFound without one."""
    reader_id = caller(request).user_id
    rooms_read.get_room(room_id=room_id, reader_id=reader_id)
    membership = rooms_read.membership(room_id=room_id, user_id=user_id or reader_id)
    if membership is None:
        raise NotFound
    return Response(body_of(participant(membership)))


class Rooms(APIView):
    @extend_schema(
        operation_id="list_rooms",
        parameters=[RoomQuery, PAGE, CURSOR, PAGE_SIZE],
        responses=RoomPage,
    )
    def get(self, request: Request) -> Response:
        """List your own rooms and the public ones.

        With `scope`, `search` or `order` the answer has cursor pages. Without them it has numbered
        pages, newest room first. In the order of activity, a room that becomes active while you
        turn pages moves to the first one: read that again at the end.

        503 `search_timed_out` if a search takes more than 3 s: use longer words.
        """
        who = caller(request)
        asked = validated(RoomQuery, request.query_params)
        by_activity = asked.get("order") == "activity"
        found = listed_rooms(
            who.user_id,
            scope=asked.get("scope", "all"),
            search=asked.get("search", ""),
            by_activity=by_activity,
        )
        pages: NumberedPages | ExactCursorPagination = NumberedPages()
        if asked:
            pages = ExactCursorPagination()
            pages.ordering = ("-last_activity_at" if by_activity else "-created_at", "-id")
        with search_budget() if asked.get("search") else nullcontext():
            page = pages.paginate_queryset(found, request, view=self) or []
            views = room_views(page, reader_id=who.user_id, language=who.language)
        return pages.get_paginated_response([body_of(view) for view in views])

    @extend_schema(operation_id="create_room", request=RoomInput, responses={201: RoomDetail})
    def post(self, request: Request) -> Response:
        """Create a room. You become its administrator.

        The same `client_id` again returns the first room; with another content it is a conflict.
        """
        asked = validated(RoomInput, request.data)
        room = rooms.create_room(
            creator_id=caller(request).user_id, is_proved=is_proved(request), **asked
        )
        return Response(_detail(request, room.id), status=201)


class OneRoom(APIView):
    @extend_schema(operation_id="get_room", responses=RoomDetail)
    def get(self, request: Request, room_id: UUID) -> Response:
        """Return a room with its participants and the position of its change feed."""
        return Response(_detail(request, room_id))

    @extend_schema(operation_id="update_room", request=RoomChange, responses=RoomDetail)
    @once("change_room", present=_room_now)
    def patch(self, request: Request, room_id: UUID) -> Response:
        """Change the name, privacy or moderation mode. Administrators of the room only."""
        user_id = caller(request).user_id
        changes = validated(RoomChange, request.data)
        proved = is_proved(request)
        rooms.update_room(actor_id=user_id, room_id=room_id, is_proved=proved, **changes)
        return Response(_detail(request, room_id))

    @extend_schema(operation_id="delete_room", responses={204: None})
    def delete(self, request: Request, room_id: UUID) -> Response:
        """Delete a room for all users. Administrators of the room only."""
        rooms.delete_room(actor_id=caller(request).user_id, room_id=room_id)
        return Response(status=204)


class Joining(APIView):
    @extend_schema(operation_id="join_room", request=ActInput, responses=Participant)
    @once("join", present=_participant_now)
    def post(self, request: Request, room_id: UUID) -> Response:
        """Become a member of a public room. Returns an existing membership unchanged.

        The same `client_id` again does not join again: 404 if you have left since.
        """
        membership = memberships.join_room(user_id=caller(request).user_id, room_id=room_id)
        return Response(body_of(participant(membership)))


class Leaving(APIView):
    @extend_schema(operation_id="leave_room", request=Departure, responses={204: None})
    @once("leave", present=nothing_more)
    def post(self, request: Request, room_id: UUID) -> Response:
        """Leave a room. It is closed if no active member remains.

        Its last active administrator names a successor: another active member.
        """
        memberships.leave_room(
            user_id=caller(request).user_id, room_id=room_id, **validated(Departure, request.data)
        )
        return Response(status=204)


class Participants(APIView):
    @extend_schema(
        operation_id="add_participant",
        request=ParticipantInput,
        responses={201: Participant},
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        """Add a participant. Administrators of the room only.

        The same `client_id` again returns the participant, and has no effect: 404 if the
        participant has left or was removed since.
        """
        membership = memberships.add_participant(
            actor_id=caller(request).user_id,
            room_id=room_id,
            **validated(ParticipantInput, request.data),
        )
        return Response(body_of(participant(membership)), status=201)


class OneParticipant(APIView):
    @extend_schema(operation_id="change_role", request=RoleChange, responses=Participant)
    @once("change_role", present=_participant_now)
    def patch(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        """Change the role of a participant. Administrators of the room only."""
        membership = memberships.change_role(
            actor_id=caller(request).user_id,
            room_id=room_id,
            user_id=user_id,
            **validated(RoleChange, request.data),
        )
        return Response(body_of(participant(membership)))

    @extend_schema(operation_id="remove_participant", parameters=[ActInput], responses={204: None})
    @once("remove_participant", present=nothing_more)
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        """Remove a participant and end their subscriptions. Administrators of the room only."""
        memberships.remove_participant(
            actor_id=caller(request).user_id, room_id=room_id, user_id=user_id
        )
        return Response(status=204)


class Reading(APIView):
    @extend_schema(operation_id="mark_read", request=ReadInput, responses=ReadInput)
    def post(self, request: Request, room_id: UUID) -> Response:
        """Move your read marker forward. Returns its position."""
        seq = validated(ReadInput, request.data)["seq"]
        position = reading.mark_read(user_id=caller(request).user_id, room_id=room_id, seq=seq)
        return Response({"seq": position})


def _detail(request: Request, room_id: UUID) -> object:
    who = caller(request)
    return body_of(room_detail(room_id=room_id, reader_id=who.user_id, language=who.language))
