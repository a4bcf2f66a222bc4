"""Texts that an order has removed: /api/enforcement/hash-bank/. For operators."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import require, sees_restricted
from moderado.api.fields import IdField
from moderado.api.schemas import StrictInput, validated
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.services import hash_bank


class BankInput(StrictInput):
    message = IdField(help_text="Its text is banked, and not stored.")
    order = serializers.CharField(
        max_length=REFERENCE_LENGTH, help_text="The reference of the order."
    )
    revision = serializers.IntegerField(
        min_value=1,
        required=False,
        help_text="Which had the text; without it, the one that others see or saw last.",
    )


class BankedTextBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    message = serializers.UUIDField(source="subject_id", help_text="Which had the text.")
    order = serializers.CharField(source="reference")
    created_at = serializers.DateTimeField()


class BankedTextList(serializers.Serializer[Any]):
    results = BankedTextBody(many=True)


class HashBank(APIView):
    @extend_schema(operation_id="list_banked_texts", responses=BankedTextList)
    def get(self, request: Request) -> Response:
        """List the texts that orders have removed, newest first, by the messages that had them."""
        user = require(request, rights.VIEW_BANKED_TEXT)
        found = hash_bank.list_banked(actor_id=user.id, sees_restricted=sees_restricted(request))
        return Response({"results": BankedTextBody(found, many=True).data})

    @extend_schema(operation_id="bank_text", request=BankInput, responses={201: BankedTextBody})
    def post(self, request: Request) -> Response:
        """Bank the text of a message: it waits for a moderator when anyone writes it again.

        400 `text_too_short` for a text that others may write by chance.
        """
        user = require(request, rights.ADD_BANKED_TEXT)
        asked = validated(BankInput, request.data)
        banked = hash_bank.bank_message(
            actor_id=user.id,
            message_id=asked["message"],
            order=asked["order"],
            revision=asked.get("revision"),
        )
        return Response(BankedTextBody(banked).data, status=201)


class OneBankedText(APIView):
    @extend_schema(operation_id="unbank_text", responses={204: None})
    def delete(self, request: Request, banked_id: UUID) -> Response:
        """Remove an entry. Messages that wait already still wait."""
        user = require(request, rights.DELETE_BANKED_TEXT)
        hash_bank.unbank(
            actor_id=user.id, banked_id=banked_id, sees_restricted=sees_restricted(request)
        )
        return Response(status=204)
