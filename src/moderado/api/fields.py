"""Fields of requests that are stricter than those of the framework."""

from typing import Any
from uuid import UUID

from rest_framework import serializers


class IdField(serializers.UUIDField):
    """An id as text. The framework takes numbers, too, and `true` for the number 1."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)
