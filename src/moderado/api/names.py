"""Fields of names that are judged, in bodies for those who may see a name before others do."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.chat.types import NameChange

_WAITING = ("PENDING", "HELD")


@extend_schema_field(NameChange)  # type: ignore[arg-type]  # described by `StructSchema`
class NameChangeField(serializers.Field[Any, None, dict[str, Any] | None, Any]):
    """The name that waits or was refused, from the context."""

    def to_representation(self, named: Any) -> dict[str, Any] | None:
        change = self.context["name_changes"].get(named.id)
        return None if change is None else msgspec.to_builtins(change)


class NameFields(serializers.Serializer[Any]):
    """The names of an account or a room. The context has the `name_changes` by id.

    `name` is the latest name while it waits, so that its author sees what they have written.
    """

    name = serializers.SerializerMethodField(
        help_text="Your latest name, also while it waits; otherwise the one that others see."
    )
    shown_name = serializers.CharField(
        source="name", read_only=True, help_text="The name that others see."
    )
    name_change = NameChangeField(
        source="*",
        read_only=True,
        allow_null=True,
        help_text="A name that waits or was refused, with the reason; otherwise null.",
    )

    def get_name(self, named: Any) -> str:
        changes: Mapping[UUID, NameChange] = self.context["name_changes"]
        change = changes.get(named.id)
        return change.name if change and change.status in _WAITING else str(named.name)
