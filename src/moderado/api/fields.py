"""Fields of requests that are stricter than those of the framework."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from moderado.core.wire_limits import MAX_CLIENT_ID


class IdField(serializers.UUIDField):
    """An id as text. The framework takes numbers, too, and `true` for the number 1."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class RequestIdField(serializers.CharField):
    """A client's own id of a request, by which a repeat is known."""

    def __init__(self, help_text: str) -> None:
        super().__init__(
            required=False,
            allow_null=True,
            trim_whitespace=False,
            max_length=MAX_CLIENT_ID,
            help_text=help_text,
        )


class ClientIdField(RequestIdField):
    """The id of what a request creates: the repeat returns the first result."""

    def __init__(self) -> None:
        super().__init__(
            "Your own id of what is created, such as a UUID. Sent again, it returns the first "
            "result; with another content it is a `conflict`."
        )


class ActIdField(RequestIdField):
    """The id of an act that another act takes back: the repeat has no effect."""

    def __init__(self) -> None:
        super().__init__(
            "Your own id of this request, such as a UUID. Sent again, it changes nothing, whatever "
            "came since; with another content it is a `conflict`."
        )
