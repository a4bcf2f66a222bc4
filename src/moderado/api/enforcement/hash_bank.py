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
from moderado.api.fields import ActIdField, IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import once
from moderado.api.schemas import CURSOR, PAGE_SIZE, StrictInput, validated
from moderado.core.errors import NotFound
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.services import hash_bank
from moderado.enforcement.services.restricted_looks import audit_views_about


class BankInput(StrictInput):
    client_id = ActIdField()
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


class BankedTextPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BankedTextBody(many=True)


class BankedTextQuery(serializers.Serializer[Any]):
    order = serializers.CharField(
        required=False, max_length=REFERENCE_LENGTH, help_text="The reference of the order."
    )
    message = IdField(required=False, help_text="Which had the text.")


class UnbankQuery(serializers.Serializer[Any]):
    reason = serializers.CharField(
        max_length=REFERENCE_LENGTH,
        help_text="Such as the reference of another order. It is kept in the audit.",
    )


def _banked_now(_view: APIView, request: Request, made: UUID) -> Response:
    user = require(request, rights.ADD_BANKED_TEXT)
    found = hash_bank.banked_texts(actor_id=user.id, sees_restricted=sees_restricted(request))
    banked = found.filter(pk=made).first()
    if banked is None:
        raise NotFound
    return Response(BankedTextBody(banked).data)


class HashBank(APIView):
    @extend_schema(
        operation_id="list_banked_texts",
        parameters=[BankedTextQuery, CURSOR, PAGE_SIZE],
        responses=BankedTextPage,
    )
    def get(self, request: Request) -> Response:
        """List the texts that orders have removed, newest first, by the messages that had them."""
        user = require(request, rights.VIEW_BANKED_TEXT)
        asked = validated(BankedTextQuery, request.query_params.dict())
        found = hash_bank.banked_texts(actor_id=user.id, sees_restricted=sees_restricted(request))
        columns = {"reference": asked.get("order"), "subject_id": asked.get("message")}
        found = found.filter(**{name: each for name, each in columns.items() if each is not None})
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(found, request, view=self)
        audit_views_about(actor_id=user.id, rows=page)
        return pages.get_paginated_response(BankedTextBody(page, many=True).data)

    @extend_schema(
        operation_id="bank_text",
        request=BankInput,
        responses={201: BankedTextBody, 200: BankedTextBody},
    )
    @once("bank_text", present=_banked_now)
    def post(self, request: Request) -> Response:
        """Bank the text of a message: it waits for a moderator when anyone writes it again.

        200: this order has banked it already. 400 `text_too_short` for a text that others may
        write by chance.
        """
        user = require(request, rights.ADD_BANKED_TEXT)
        asked = validated(BankInput, request.data)
        banked, is_new = hash_bank.bank_message(
            actor_id=user.id,
            message_id=asked["message"],
            order=asked["order"],
            revision=asked.get("revision"),
        )
        return Response(BankedTextBody(banked).data, status=201 if is_new else 200)


class OneBankedText(APIView):
    @extend_schema(operation_id="unbank_text", parameters=[UnbankQuery], responses={204: None})
    def delete(self, request: Request, banked_id: UUID) -> Response:
        """Remove an entry, with the reason. Messages that wait already still wait."""
        user = require(request, rights.DELETE_BANKED_TEXT)
        asked = validated(UnbankQuery, request.query_params.dict() or request.data)
        hash_bank.unbank(
            actor_id=user.id,
            banked_id=banked_id,
            reason=asked["reason"],
            sees_restricted=sees_restricted(request),
        )
        return Response(status=204)
