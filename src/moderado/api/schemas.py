"""What goes in and out under /api/chat/. Only the fields named here are ever read.

Messages are shown by `moderado.chat.projection` alone; their bodies here describe what it shows.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from moderado.chat.models import Membership, Message, Room
from moderado.chat.selectors.rooms import participants
from moderado.chat.services.rooms import NAME_LENGTH
from moderado.chat.types import Changes, MessageView
from moderado.core.errors import Invalid
from moderado.core.text import clean

PARTICIPANTS_SHOWN = 1000
_TIMES = ("created_at", "edited_at", "published_at")

CURSOR = OpenApiParameter("cursor", str, description="Where the page begins; from `next`.")
PAGE_SIZE = OpenApiParameter("page_size", int, description="At most 100; 20 unless given.")
PAGE = OpenApiParameter("page", int, description="From 1.")


class Text(serializers.CharField):
    """A message's words, taken as they are and cleaned as the socket cleans them."""

    def __init__(self) -> None:
        super().__init__(
            allow_blank=True,
            trim_whitespace=False,
            help_text="1 to 4,000 characters after trimming, as configured.",
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str):
            return clean(data, max_length=settings.ENV.message_max_length, field="content")
        if isinstance(data, int | float):
            self.fail("invalid")  # a number is no text here either
        return super().run_validation(data)


class Posting(serializers.Serializer[Any]):
    content = Text()
    client_id = serializers.CharField(
        required=False,
        allow_null=True,
        trim_whitespace=False,
        max_length=64,
        help_text="The sender's own id of this message. Sent again, it yields the first message.",
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True)


class Editing(serializers.Serializer[Any]):
    content = Text()


class RoomInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    is_private = serializers.BooleanField(required=False)
    moderation_mode = serializers.ChoiceField(required=False, choices=Room.Mode.choices)


class RoomChange(RoomInput):
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)


class ParticipantInput(serializers.Serializer[Any]):
    user_id = serializers.UUIDField()
    role = serializers.ChoiceField(required=False, choices=Membership.Role.choices)


class RoleChange(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class ReadInput(serializers.Serializer[Any]):
    seq = serializers.IntegerField(min_value=0)


class FeedQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, default=0, help_text="The last `seq` one has.")
    epoch = serializers.UUIDField(required=False, help_text="The room's, as one knows it.")


class SearchQuery(serializers.Serializer[Any]):
    q = serializers.CharField(max_length=200, help_text="Words, in Portuguese or English.")


class PersonBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ParticipantBody(serializers.Serializer[Any]):
    user = PersonBody()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    created_at = serializers.DateTimeField()


class RoomBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    is_private = serializers.BooleanField()
    moderation_mode = serializers.ChoiceField(choices=Room.Mode.choices)
    created_at = serializers.DateTimeField()
    participants_count = serializers.IntegerField()
    unread_count = serializers.SerializerMethodField(help_text="At most 100: more than 99.")
    role = serializers.ChoiceField(choices=Membership.Role.choices, allow_null=True)

    def get_unread_count(self, room: Room) -> int:
        unread: Mapping[Any, int] = self.context["unread"]
        return unread[room.id]


class RoomDetail(RoomBody):
    seq = serializers.IntegerField()
    epoch = serializers.UUIDField()
    participants = serializers.SerializerMethodField(
        help_text="The first 1,000 who came; `participants_count` counts all."
    )

    @extend_schema_field(ParticipantBody(many=True))
    def get_participants(self, room: Room) -> Any:
        first = participants(room.id)[:PARTICIPANTS_SHOWN]
        return ParticipantBody(first, many=True).data


class RoomPage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RoomBody(many=True)


class EditBody(serializers.Serializer[Any]):
    """An edit that waits, or was refused, beside the visible revision."""

    revision = serializers.IntegerField()
    content = serializers.CharField()
    status = serializers.ChoiceField(choices=Message.Status.choices)
    reason = serializers.CharField(required=False)
    categories = serializers.ListField(child=serializers.CharField(), required=False)
    explanation = serializers.CharField(required=False)
    appealable = serializers.BooleanField(required=False)


class MessageBody(serializers.Serializer[Any]):
    """A message as this reader may see it. `edit` and what follows is its author's only."""

    id = serializers.UUIDField()
    room = serializers.UUIDField()
    client_id = serializers.CharField(allow_null=True)
    author = PersonBody()
    content = serializers.CharField()
    status = serializers.ChoiceField(choices=Message.Status.choices)
    revision = serializers.IntegerField()
    position = serializers.IntegerField()
    seq = serializers.IntegerField()
    reply_to = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    edit = EditBody(required=False)
    reason = serializers.CharField(required=False, help_text="A stable code.")
    categories = serializers.ListField(child=serializers.CharField(), required=False)
    explanation = serializers.CharField(required=False)
    appealable = serializers.BooleanField(required=False)


class MessagePage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = MessageBody(many=True)


class FoundPage(MessagePage):
    count = serializers.IntegerField(help_text="At most 100: the best are kept.")


class ChangesBody(serializers.Serializer[Any]):
    room = serializers.UUIDField()
    seq = serializers.IntegerField(help_text="How far this page reaches: the next `after`.")
    epoch = serializers.UUIDField()
    reset = serializers.BooleanField(help_text="Forget what you have and load the history.")
    more = serializers.BooleanField()
    messages = MessageBody(many=True)


def message_body(view: MessageView) -> dict[str, Any]:
    """`view` as JSON shows it: times in UTC, always with microseconds."""
    body: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(datetime,))
    for name in _TIMES:
        if body[name] is not None:
            body[name] = body[name].strftime(settings.REST_FRAMEWORK["DATETIME_FORMAT"])
    return body


def changes_body(changes: Changes) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(changes, messages=()))
    return body | {"messages": [message_body(view) for view in changes.messages]}


def validated(serializer: type[serializers.Serializer[Any]], given: Any) -> dict[str, Any]:
    """The fields of `given` that `serializer` names. Raises what is told as `invalid`."""
    if not isinstance(given, Mapping):
        raise Invalid(fields={"body": _("Send an object.")})
    checked = serializer(data=given)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)
