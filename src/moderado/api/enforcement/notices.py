"""Notices of content, for persons without an account: /api/notices/."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderado.api.auth import UnauthenticatedView
from moderado.api.bodies import body_of
from moderado.api.fields import IdField
from moderado.api.schemas import validated
from moderado.core.addresses import address_of_request
from moderado.enforcement.labels import NOTICE_ROLE_CODES, REPORT_CATEGORY_CODES
from moderado.enforcement.models.notices import REFERENCE_LENGTH, TEXT_LENGTH
from moderado.enforcement.notice_views import NoticeView, notice_view
from moderado.enforcement.services import notices

CODE_LENGTH = 32  # as it may be typed

CODE = OpenApiParameter("code", str, required=True, description="The code from the e-mail.")


class _Identity(serializers.CharField):
    """A part of the notifier's identity. The service refuses anonymous notices."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **options)


class NoticeInput(serializers.Serializer[Any]):
    """Who gives notice, of what, and why."""

    name = _Identity(help_text="1 to 120 characters. Without one: `anonymous_notice`.")
    email = _Identity(help_text="Gets the code. Without one: `anonymous_notice`.")
    role = serializers.ChoiceField(choices=NOTICE_ROLE_CODES)
    subject = serializers.CharField(
        max_length=REFERENCE_LENGTH,
        help_text="An address of this server, or the id of a message, person or room.",
    )
    category = serializers.ChoiceField(choices=REPORT_CATEGORY_CODES)
    text = serializers.CharField(max_length=TEXT_LENGTH, help_text="Why it should be removed.")
    client_id = IdField(
        required=False,
        allow_null=True,
        help_text="A random UUID, your own id of the notice. Sent again, it returns the first "
        "notice; with another content it is a `conflict`.",
    )


class CodeInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=CODE_LENGTH, help_text="The code from the e-mail.")


class Notices(UnauthenticatedView):
    @extend_schema(
        operation_id="submit_notice", request=NoticeInput, responses={201: NoticeView}, auth=[]
    )
    def post(self, request: Request) -> Response:
        """Give notice of content, without an account. A code is sent by e-mail.

        The answer is the same whether or not the content exists. 400 `anonymous_notice` without a
        name or an e-mail address: the law requires them.
        """
        asked = validated(NoticeInput, request.data)
        notice = notices.submit_notice(
            name=asked.get("name") or "",
            email=asked.get("email") or "",
            role=asked["role"],
            reference=asked["subject"],
            category=asked["category"],
            text=asked["text"],
            address=address_of_request(request.META),
            client_id=asked.get("client_id"),
        )
        return Response(body_of(notice_view(notice)), status=201)


class ConfirmingNotice(UnauthenticatedView):
    @extend_schema(operation_id="confirm_notice", request=CodeInput, responses=NoticeView, auth=[])
    def post(self, request: Request, protocol: str) -> Response:
        """Confirm the e-mail address with the code. Moderators see the notice from now on.

        403 `wrong_code`; 409 `code_expired` after its time or five wrong codes.
        """
        asked = validated(CodeInput, request.data)
        notice = notices.confirm_notice(protocol=protocol, code=asked["code"])
        return Response(body_of(notice_view(notice)))


class OneNotice(UnauthenticatedView):
    @extend_schema(operation_id="get_notice", parameters=[CODE], responses=NoticeView, auth=[])
    def get(self, request: Request, protocol: str) -> Response:
        """Return receipt and state of a notice to the person who has its code."""
        code = request.query_params.get("code", "")[:CODE_LENGTH]
        notice = notices.get_notice(protocol=protocol, code=code)
        return Response(body_of(notice_view(notice)))
