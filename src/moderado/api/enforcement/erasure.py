"""The erasure of one's own account: /api/me/erasure/."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts.origins import origin_of
from moderado.api.auth_bodies import Password
from moderado.api.authentication import ALSO_WHEN_BANNED
from moderado.api.callers import caller
from moderado.api.fields import ActIdField
from moderado.api.repeats import ActInput, nothing_more, once
from moderado.api.schemas import validated
from moderado.enforcement.services import erasures
from moderado.enforcement.services.erasures import Erasure


class ErasureInput(serializers.Serializer[Any]):
    password = Password()
    client_id = ActIdField()


class ErasureBody(serializers.Serializer[Any]):
    """The request to erase one's account."""

    state = serializers.ChoiceField(choices=Erasure.State.choices)
    requested_at = serializers.DateTimeField(source="created_at")
    due_at = serializers.DateTimeField(help_text="Until then it can be withdrawn.")
    is_held = serializers.BooleanField(
        source="is_user_held",
        help_text="An order demands that the data are kept: they are erased once it has ended.",
    )
    messages = serializers.IntegerField(help_text="Messages that are erased already.")


class OwnErasure(APIView):
    authentication_classes = ALSO_WHEN_BANNED

    @extend_schema(operation_id="get_erasure", responses=ErasureBody)
    def get(self, request: Request) -> Response:
        """Return your request to erase your account. 404 without one."""
        return Response(ErasureBody(erasures.get_erasure(user_id=caller(request).user_id)).data)

    @extend_schema(
        operation_id="request_erasure", request=ErasureInput, responses={202: ErasureBody}
    )
    def post(self, request: Request) -> Response:
        """Request the erasure of your account. It begins at `due_at`, after a grace period.

        Then your texts, names and e-mail are erased for ever; numbers and decisions stay.
        """
        asked = validated(ErasureInput, request.data)
        principal = caller(request)
        erasure = erasures.request_erasure(
            user_id=principal.user_id,
            session_id=principal.session_id,
            password=asked["password"],
            client_id=asked.get("client_id"),
            origin=origin_of(request._request, entry_point="rest"),  # noqa: SLF001
        )
        return Response(ErasureBody(erasure).data, status=202)

    @extend_schema(operation_id="cancel_erasure", parameters=[ActInput], responses={204: None})
    @once("cancel_erasure", present=nothing_more)
    def delete(self, request: Request) -> Response:
        """Withdraw the request. 404 without one, 409 `erasure_started` once it has begun.

        409 `erasure_ordered` if an operator has ordered the erasure.
        """
        erasures.cancel_erasure(user_id=caller(request).user_id)
        return Response(status=204)
