"""What moderators send about sanctions: the query of the list, a new sanction, a lifting."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.api.fields import ActIdField, IdField
from moderado.api.schemas import StrictInput
from moderado.enforcement.selectors import sanctions
from moderado.enforcement.services.sanctions import LONGEST_TERM
from moderado.enforcement.types import MeasureScope, SanctionKind
from moderado.enforcement.written_reasons import NOTE_LENGTH, REASON_LENGTH

KINDS = [kind.value for kind in SanctionKind]
_SCOPES = [scope.value for scope in MeasureScope]


@extend_schema_field(
    {
        "anyOf": [
            {"type": "string", "enum": _SCOPES},
            {"type": "string", "format": "uuid", "deprecated": True},
        ],
        "nullable": True,
    }
)
class ScopeField(serializers.Field[Any, Any, Any, Any]):
    """`server` or `room`, as in rulings; or, as in earlier versions, the id of a room or null."""

    default_error_messages = {"invalid": _("Must be `server`, `room`, or the id of a room.")}

    def to_internal_value(self, data: object) -> MeasureScope | UUID:
        try:
            return MeasureScope(data) if data in _SCOPES else UUID(str(data))
        except ValueError:
            self.fail("invalid")


class TermField(serializers.IntegerField):
    """How long a measure lasts, in seconds: 1 second to ten years. Its value is a timedelta."""

    def __init__(self, **options: Any) -> None:
        longest = int(LONGEST_TERM.total_seconds())
        super().__init__(min_value=1, max_value=longest, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        seconds = super().run_validation(data)  # first: a timedelta is shorter than some numbers
        return seconds if seconds is None else timedelta(seconds=seconds)


class SanctionQuery(serializers.Serializer[Any]):
    user = IdField(required=False, help_text="Of this person.")
    room = IdField(required=False, help_text="Of this room.")
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    state = serializers.ChoiceField(choices=sanctions.STATES, required=False)


class SanctionInput(StrictInput):
    """A new sanction. Its validated data have `scope_id`: the room; None for the server."""

    user = IdField()
    client_id = ActIdField()
    kind = serializers.CharField(help_text="`warning`, `strike`, `slow`, `mute` or `ban`.")
    scope = ScopeField(
        required=False,
        allow_null=True,
        help_text="`server`, or `room` with the field `room`. Earlier forms are accepted: the id "
        "of a room; null or absent, without `room`, for the whole server.",
    )
    room = IdField(required=False, allow_null=True, help_text="The room in which it holds.")
    term_seconds = TermField(required=False, allow_null=True, help_text="Null for no end.")
    reason = serializers.CharField(
        trim_whitespace=False, help_text=f"A code of at most {REASON_LENGTH} characters."
    )
    public_note = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        help_text=f"For the person; at most {NOTE_LENGTH} characters.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "scope_id": _scope_id(attrs)}


class LiftInput(StrictInput):
    reason = serializers.CharField(
        trim_whitespace=False, help_text=f"At most {REASON_LENGTH} characters, for staff."
    )


class TermInput(StrictInput):
    until = serializers.DateTimeField(
        allow_null=True, help_text="The new end, at most ten years from now. Null for no end."
    )
    reason = serializers.CharField(
        trim_whitespace=False,
        help_text=f"A code or at most {REASON_LENGTH} characters. The person reads it.",
    )
    client_id = ActIdField()


def _scope_id(asked: Mapping[str, Any]) -> UUID | None:
    """Return the room of a request; None for the whole server.

    Raises:
        ValidationError: `scope` and `room` contradict each other. A guess might ban a person from
            the whole server instead of from a room.
    """
    scope, room_id = asked.get("scope"), asked.get("room")
    if "scope" not in asked or scope == MeasureScope.ROOM:
        if room_id is None and scope == MeasureScope.ROOM:
            raise serializers.ValidationError({"room": _("Name the room.")})
        return room_id
    scope_id = None if scope == MeasureScope.SERVER else scope
    if room_id is not None and room_id != scope_id:
        raise serializers.ValidationError({"room": _("This contradicts `scope`.")})
    return scope_id
