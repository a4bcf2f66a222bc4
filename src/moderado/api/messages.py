"""Messages of a room: /api/chat/rooms/{id}/messages/, changes/ and search/."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts.types import Principal
from moderado.api.bodies import body_of
from moderado.api.callers import caller
from moderado.api.message_pages import FoundPage, HistoryPage
from moderado.api.pagination import ExactCursorPagination, NumberedPages
from moderado.api.schemas import (
    CURSOR,
    PAGE,
    PAGE_SIZE,
    DeletionQuery,
    Editing,
    FeedQuery,
    HistoryQuery,
    OwnChangesQuery,
    Posting,
    SearchQuery,
    validated,
)
from moderado.chat.examples import OWN_CHANGES
from moderado.chat.models import Message
from moderado.chat.projection import view_for
from moderado.chat.selectors import feed
from moderado.chat.selectors.messages import folds, history, place_of
from moderado.chat.selectors.own_changes import own_changes
from moderado.chat.selectors.rooms import get_room
from moderado.chat.selectors.search import search
from moderado.chat.services import editing, posting, removing
from moderado.chat.types import Changes, MessageView
from moderado.chat.views import OwnChanges
from moderado.core.errors import Invalid
from moderado.core.metrics import ACKNOWLEDGED
from moderado.moderation.types import Category


class Messages(APIView):
    @extend_schema(
        operation_id="list_messages",
        parameters=[HistoryQuery, CURSOR, PAGE_SIZE],
        responses=HistoryPage,
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        """List the visible messages and all of your own, newest first.

        With `around`, the page shows what was said before and after that message. `folds` are
        lines for runs of messages that were removed together.
        """
        who = caller(request)
        pages = ExactCursorPagination()
        said = history(reader_id=who.user_id, room_id=room_id)
        around = validated(HistoryQuery, request.query_params).get("around")
        if around is None:
            page = pages.paginate_queryset(said, request, view=self)
        else:
            place = place_of(reader_id=who.user_id, room_id=room_id, message_id=around)
            page = pages.paginate_around(said, request, place)
        answer = pages.get_paginated_response(_shown(page, who))
        onward, behind = pages.span()
        lines = folds(
            reader_id=who.user_id,
            room_id=room_id,
            shown=[message.position for message in page],
            after=None if onward is None else int(onward),
            before=None if behind is None else int(behind),
        )
        answer.data["folds"] = [body_of(line) for line in lines]
        return answer

    @extend_schema(operation_id="post_message", request=Posting, responses={202: MessageView})
    def post(self, request: Request, room_id: UUID) -> Response:
        """Post a message. It is stored at once; the room's mode decides when others see it.

        The same `client_id` again returns the first message; with another text or `reply_to` it
        is a conflict.
        """
        author_id = caller(request).user_id
        body = validated(Posting, request.data)
        with _text_named_content():
            posted = posting.post_message(
                author_id=author_id,
                room_id=room_id,
                text=body["content"],
                client_id=body.get("client_id"),
                reply_to=body.get("reply_to"),
            )
        ACKNOWLEDGED.labels(entry_point="rest").inc()
        return Response(body_of(posted.view), status=202)


class OneMessage(APIView):
    @extend_schema(operation_id="edit_message", request=Editing, responses=MessageView)
    def patch(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        """Replace the text of your message. The new text is judged.

        The same `client_id` again returns the message; with another text it is a conflict.
        """
        asked = validated(Editing, request.data)
        with _text_named_content():
            view = editing.edit_message(
                actor_id=caller(request).user_id,
                message_id=message_id,
                text=asked["content"],
                room_id=room_id,
                client_id=asked.get("client_id"),
            )
        return Response(body_of(view))

    @extend_schema(
        operation_id="delete_message", parameters=[DeletionQuery], responses={200: MessageView}
    )
    def delete(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        """Remove your message, or as a moderator any visible one. A tombstone remains."""
        category = validated(DeletionQuery, request.query_params.dict()).get("category")
        view = removing.delete_message(
            actor_id=caller(request).user_id,
            message_id=message_id,
            room_id=room_id,
            category=None if category is None else Category(category),
        )
        return Response(body_of(view))


class RoomChanges(APIView):
    @extend_schema(operation_id="list_changes", parameters=[FeedQuery], responses=Changes)
    def get(self, request: Request, room_id: UUID) -> Response:
        """List what changed after `after`, ascending by `seq`, at most 500 messages a page."""
        who = caller(request)
        asked = validated(FeedQuery, request.query_params)
        get_room(room_id=room_id, reader_id=who.user_id)
        changes = feed.changes(
            reader_id=who.user_id,
            room_id=room_id,
            after=asked["after"],
            epoch=asked.get("epoch"),
            language=who.language,
        )
        return Response(body_of(changes))


class OwnChangesOfMessages(APIView):
    @extend_schema(
        operation_id="list_own_changes",
        parameters=[OwnChangesQuery],
        responses=OwnChanges,
        examples=[OpenApiExample("What changed", body_of(OWN_CHANGES), response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """List what changed of your own messages, reports, appeals, sanctions and blocks.

        A page has at most 200 changes, of messages in all rooms and of decisions about you.

        Without `after`, the answer is a `reset` with the cursor of now.
        """
        who = caller(request)
        asked = validated(OwnChangesQuery, request.query_params)
        changes = own_changes(
            author_id=who.user_id, after=asked.get("after"), language=who.language
        )
        return Response(body_of(changes))


class Search(APIView):
    @extend_schema(
        operation_id="search_messages",
        parameters=[SearchQuery, PAGE, PAGE_SIZE],
        responses=FoundPage,
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        """List the messages that match `q` and that you may see, best first. Ignores accents."""
        who = caller(request)
        asked = validated(SearchQuery, request.query_params)
        found = search(reader_id=who.user_id, room_id=room_id, query=asked["q"])
        pages = NumberedPages()
        page = pages.paginate_queryset(found, request, view=self) or []
        return pages.get_paginated_response(_shown(page, who))


@contextmanager
def _text_named_content() -> Iterator[None]:
    """Name the text in errors as the request does: `content`, not `message` as in frames."""
    try:
        yield
    except Invalid as error:
        names = {"message": "content"}
        raise Invalid(
            fields={names.get(name, name): what for name, what in error.fields.items()}
        ) from None


def _shown(page: Iterable[Message], who: Principal) -> list[dict[str, Any]]:
    return [
        body_of(view_for(message, reader_id=who.user_id, language=who.language)) for message in page
    ]
