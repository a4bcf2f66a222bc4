"""What the OpenAPI document says of every operation alike."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers


class ErrorBody(serializers.Serializer[Any]):
    """Every answer of status 400 and above."""

    code = serializers.CharField(help_text="Stable, for programs: `invalid`, `rate_limited`, …")
    detail = serializers.CharField(help_text="A sentence for people, as Accept-Language asks.")
    fields = serializers.DictField(  # type: ignore[assignment]  # the contract's name, not DRF's
        child=serializers.CharField(), required=False, help_text="Field → what is wrong with it."
    )
    error_id = serializers.CharField(
        required=False, help_text="Of statuses 500 and 503: what the server's log knows it by."
    )


class Schema(AutoSchema):
    """Adds the one shape of errors to each operation."""

    def _get_response_bodies(
        self, direction: Literal["request", "response"] = "response"
    ) -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        error = self._get_response_for_code(ErrorBody, "default", direction=direction)  # type: ignore[no-untyped-call]  # untyped there
        bodies.setdefault("default", error)
        return bodies


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its own metaclass
    target_class = "moderado.api.authentication.BearerToken"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class SessionCookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its own metaclass
    target_class = "moderado.api.authentication.SessionCookie"
    name = "cookie"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The page's sign-in. Writing also needs the X-CSRFToken header.",
        }
