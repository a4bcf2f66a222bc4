"""Parts of the OpenAPI document that all operations share: errors, msgspec types, credentials."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from moderado.api.finding_bodies import ExampleBody, FairnessBody
from moderado.core import quotas

Direction = Literal["request", "response"]


class OpenAIErrorDetail(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: str


class OpenAIErrorBody(msgspec.Struct):
    """Every response of status 400 and above under /v1/."""

    error: OpenAIErrorDetail


class GoogleErrorDetail(msgspec.Struct):
    code: int
    message: str
    status: str
    details: list[dict[str, str]]


class GoogleErrorBody(msgspec.Struct):
    """Every response of status 400 and above under /v1alpha1/."""

    error: GoogleErrorDetail


class RestrictionBody(serializers.Serializer[Any]):
    """The sanction of the person, or the measure on the room, that refuses a request."""

    until = serializers.DateTimeField(allow_null=True, help_text="Null for no end.")
    reason = serializers.CharField(help_text="A code; empty for a measure on the room.")
    sanction = serializers.UUIDField(
        allow_null=True, help_text="As in `/api/me/sanctions/`; null for a measure on the room."
    )
    note = serializers.CharField(help_text="What the moderator wrote to the person.")
    appeal_until = serializers.DateTimeField(
        allow_null=True, help_text="When the time to appeal ends; null for a measure on the room."
    )
    appeal_path = serializers.CharField(
        allow_null=True, help_text="Where to send the appeal; null for a measure on the room."
    )
    appeal_token = serializers.CharField(
        required=False,
        help_text="At sign-in to an account that is banned from the server. A bearer token for "
        "its sanctions, decisions, appeals, export and erasure alone.",
    )
    appeal_token_expires_in = serializers.IntegerField(required=False, help_text="Seconds.")


class ErrorBody(serializers.Serializer[Any]):
    """Every response of status 400 and above."""

    code = serializers.CharField(help_text="Stable, for programs: `invalid`, `rate_limited`, …")
    detail = serializers.CharField(help_text="A sentence for people, as Accept-Language asks.")
    fields = serializers.DictField(  # type: ignore[assignment]  # the contract's name, not DRF's
        child=serializers.CharField(), required=False, help_text="What is wrong with each field."
    )
    reason = serializers.CharField(
        required=False, help_text="For `case_superseded`: the `close_reason` of the case."
    )
    examples = ExampleBody(
        many=True, required=False, help_text="For `failing_examples`: all of them."
    )
    fairness = FairnessBody(required=False, help_text="For `unfair_policy`.")
    details = RestrictionBody(
        required=False, help_text="For `muted`, `banned`, `slow_mode`, `room_frozen`, …"
    )
    error_id = serializers.CharField(
        required=False,
        help_text="For statuses 500 and 503: the id of the error in the server's log.",
    )


REFUSED = {
    "description": "The account or the address has used up the quota of this operation's class.",
    "headers": {
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
        }
    },
}


class Schema(AutoSchema):
    """Adds the error responses and the quota class to each operation."""

    def get_extensions(self) -> dict[str, Any]:
        """Return `x-quota`: the class of the operation (docs/protocol.md, Quotas)."""
        quota = quotas.quota_of_route(self.method, self.path_regex.lstrip("/"))
        return {**super().get_extensions(), "x-quota": quota.value}

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        described = getattr(self.view, "error_body", ErrorBody)
        error = self._get_response_for_code(described, "default", direction=direction)  # type: ignore[no-untyped-call]  # untyped there
        bodies.setdefault("429", {**error, **REFUSED})
        bodies.setdefault("default", error)
        return bodies


class StructSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # its own metaclass
    """Describes msgspec types by the JSON Schema that msgspec derives from them."""

    target_class = "msgspec.Struct"
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        suffix = "Request" if direction == "request" else ""  # COMPONENT_SPLIT_REQUEST
        _, schemas = msgspec.json.schema_components(
            [self.target], ref_template=f"#/components/schemas/{{name}}{suffix}"
        )
        for nested in _structs_in(msgspec.inspect.type_info(self.target)):
            if nested is not self.target:
                auto_schema.resolve_serializer(nested, direction)  # type: ignore[arg-type]  # matched here, too
        schema: dict[str, Any] = schemas[self.target.__name__]
        for field in schema["properties"].values():
            if "enum" in field:  # of strings; the hook that names enumerations needs the type
                field.setdefault("type", "string")
        return schema


def _structs_in(info: object) -> Iterator[type[msgspec.Struct]]:
    """The msgspec types that a type consists of, itself included."""
    match info:
        case msgspec.inspect.StructType():
            yield info.cls
            for field in info.fields:
                yield from _structs_in(field.type)
        case msgspec.inspect.UnionType():
            for each in info.types:
                yield from _structs_in(each)
        case msgspec.inspect.VarTupleType() | msgspec.inspect.ListType():
            yield from _structs_in(info.item_type)
        case msgspec.inspect.DictType():
            yield from _structs_in(info.value_type)
        case msgspec.inspect.Metadata():
            yield from _structs_in(info.type)


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its own metaclass
    target_class = "moderado.api.authentication.BearerToken"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class AppealTokenScheme(BearerTokenScheme):  # type: ignore[no-untyped-call]  # its own metaclass
    target_class = "moderado.api.authentication.AppealToken"
    name = "appeal"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its own metaclass
    target_class = "moderado.api.judge.keys.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mk_…"}


class SessionCookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its own metaclass
    target_class = "moderado.api.authentication.SessionCookie"
    name = "cookie"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The page's sign-in; `__Host-sessionid` over HTTPS. Writing also "
            "needs the X-CSRFToken header.",
        }
