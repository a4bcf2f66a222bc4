"""Request and response bodies of /api/chat/. No other fields of a request are read.

Bodies of messages are the views of `moderado.chat.types`, as `moderado.chat.projection` makes them.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from msgspec import UNSET, Meta, UnsetType
from rest_framework import serializers

from moderado.accounts.models import User
from moderado.accounts.types import Person
from moderado.api.fields import ActIdField, ClientIdField, IdField, RequestIdField
from moderado.chat.models import Membership, Room
from moderado.chat.services.rooms import NAME_LENGTH
from moderado.chat.views import RoomView
from moderado.core.errors import Invalid
from moderado.core.wire_limits import MAX_CURSOR
from moderado.moderation.types import Category

Link = Annotated[str, Meta(extra_json_schema={"format": "uri"})]

CURSOR = OpenApiParameter(
    "cursor", str, description="Where the page begins: from `next` or `previous`."
)
PAGE_SIZE = OpenApiParameter("page_size", int, description="At most 100; 20 unless given.")
PAGE = OpenApiParameter("page", int, description="From 1.")


class Text(serializers.CharField):
    """The text of a message. The service checks it, after it has looked for a repeat."""

    def __init__(self) -> None:
        super().__init__(
            allow_blank=True,
            trim_whitespace=False,
            help_text="1 to 4,000 characters after trimming, as configured.",
        )

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str):
            return data
        if isinstance(data, int | float):
            self.fail("invalid")  # as for WebSocket frames, a number is not converted
        return super().run_validation(data)


class Posting(serializers.Serializer[Any]):
    content = Text()
    client_id = RequestIdField(
        "The sender's own id of the message. Sent again, it returns the first message."
    )
    reply_to = IdField(required=False, allow_null=True)


class Editing(serializers.Serializer[Any]):
    content = Text()
    client_id = RequestIdField("Your own id of this edit. Sent again, it changes nothing.")


class RoomInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=NAME_LENGTH)
    is_private = serializers.BooleanField(required=False)
    moderation_mode = serializers.ChoiceField(
        required=False,
        choices=Room.Mode.choices,
        help_text="When messages are shown. A new room has the server's default if it is absent.",
    )
    audience = serializers.ChoiceField(
        required=False, choices=Room.Audience.choices, help_text="Whom it is for; policies read it."
    )
    client_id = ClientIdField()


class RoomChange(RoomInput):
    client_id = ActIdField()  # type: ignore[assignment]  # nothing is created
    moderation_mode = serializers.ChoiceField(required=False, choices=Room.Mode.choices)
    name = serializers.CharField(max_length=NAME_LENGTH, required=False)


class ParticipantInput(serializers.Serializer[Any]):
    user_id = IdField()
    role = serializers.ChoiceField(required=False, choices=Membership.Role.choices)
    client_id = ClientIdField()


class RoleChange(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    client_id = ActIdField()


class Departure(serializers.Serializer[Any]):
    successor_id = IdField(
        required=False, help_text="The member who becomes an administrator before you leave."
    )
    client_id = ActIdField()


class ReadInput(serializers.Serializer[Any]):
    seq = serializers.IntegerField(min_value=0)


class FeedQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, default=0, help_text="The last `seq` you have.")
    epoch = IdField(required=False, help_text="The room's epoch as you know it.")


class HistoryQuery(serializers.Serializer[Any]):
    around = IdField(
        required=False, help_text="A message: the page in the middle of which it stands."
    )


class OwnChangesQuery(serializers.Serializer[Any]):
    after = serializers.CharField(
        max_length=MAX_CURSOR, required=False, help_text="The `cursor` of the last answer."
    )


class DeletionQuery(serializers.Serializer[Any]):
    category = serializers.ChoiceField(
        choices=[each.value for each in Category],
        required=False,
        help_text="By a moderator: why. The author reads it. Of an own message unused.",
    )


class SearchQuery(serializers.Serializer[Any]):
    q = serializers.CharField(max_length=200, help_text="Words in Portuguese or English.")


@extend_schema_field(Person)  # type: ignore[arg-type]  # described by `StructSchema`
class PersonField(serializers.Field[User, None, dict[str, Any], Any]):
    """An account as others see it."""

    def to_representation(self, user: User) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.to_builtins(Person(user.id, user.name))
        return shown


class RoomQuery(serializers.Serializer[Any]):
    scope = serializers.ChoiceField(
        required=False,
        choices=["mine", "public"],
        help_text="`mine`: the rooms in which you are a member. `public`: the public ones. "
        "Both unless given.",
    )
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=NAME_LENGTH,
        help_text="Words that the name must contain. Case and accents do not matter.",
    )
    order = serializers.ChoiceField(
        required=False,
        choices=["created", "activity"],
        help_text="`created`: the newest room first. `activity`: the room with the newest message "
        "first.",
    )


class RoomPage(msgspec.Struct):
    """A page of rooms."""

    next: Link | None
    previous: Link | None
    results: tuple[RoomView, ...]
    count: (
        Annotated[
            int, Meta(description="Only in numbered pages: without `scope`, `search` and `order`.")
        ]
        | UnsetType
    ) = UNSET


class StrictInput(serializers.Serializer[Any]):
    """The body of an act of moderators, or a part of it. An unknown field is refused.

    Ignored, a misspelt one would change what is done: `dry` in place of `dry_run` would rule, and
    a filter would match everything.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := data.keys() - self.fields.keys()):
            prefix = f"{self.field_name}." if self.field_name else ""
            raise Invalid(fields={f"{prefix}{name}": _("Unknown field.") for name in unknown})
        return super().to_internal_value(data)


def validated(serializer: type[serializers.Serializer[Any]], given: Any) -> dict[str, Any]:
    """Return the fields of `given` that `serializer` names.

    Raises:
        Invalid: `given` is no object.
        ValidationError: A field is wrong.
    """
    if not isinstance(given, Mapping):
        raise Invalid(fields={"body": _("Send an object.")})
    checked = serializer(data=given)
    try:
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)
    finally:
        vars(checked).pop("fields", None)  # they refer to `checked`: a reference cycle
