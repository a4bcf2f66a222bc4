"""The persons whom a member blocks: /api/me/blocks/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.api.callers import caller
from moderado.api.fields import ActIdField, IdField
from moderado.api.pagination import NewestFirstPagination
from moderado.api.repeats import ActInput, nothing_more, once
from moderado.api.schemas import CURSOR, PAGE_SIZE, PersonField, validated
from moderado.core.errors import NotFound
from moderado.enforcement.selectors.blocks import blocks_of
from moderado.enforcement.services import blocks


class BlockInput(serializers.Serializer[Any]):
    user = IdField(help_text="The person.")
    client_id = ActIdField()


class BlockBody(serializers.Serializer[Any]):
    user = PersonField(source="blocked")
    created_at = serializers.DateTimeField()


class BlockPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BlockBody(many=True)


def _block_now(_view: APIView, request: Request, **_: object) -> Response:
    asked = validated(BlockInput, request.data)
    block = blocks_of(caller(request).user_id).filter(blocked=asked["user"]).first()
    if block is None:
        raise NotFound
    return Response(BlockBody(block).data)


class Blocks(APIView):
    @extend_schema(operation_id="list_blocks", parameters=[CURSOR, PAGE_SIZE], responses=BlockPage)
    def get(self, request: Request) -> Response:
        """List the persons whom you block, the latest first. They are not told."""
        pages = NewestFirstPagination()
        page = pages.paginate_queryset(blocks_of(caller(request).user_id), request, view=self)
        return pages.get_paginated_response(BlockBody(page, many=True).data)

    @extend_schema(
        operation_id="block_person",
        request=BlockInput,
        responses={201: BlockBody, 200: BlockBody},
        examples=[
            OpenApiExample(
                "A block",
                {
                    "user": {"id": "0197b1a0-0000-7000-8000-000000000002", "name": "Bia"},
                    "created_at": "2026-11-28T12:00:00Z",
                },
                response_only=True,
            )
        ],
    )
    @once("block", present=_block_now)
    def post(self, request: Request) -> Response:
        """Block a person. 200: you block them already.

        The same `client_id` again does not block again: 404 if you have unblocked them since.

        Neither of you sees the other in searches, typing and presence, or can invite the other
        into a room. Messages in rooms stay: hide those of `user` in your client.
        """
        asked = validated(BlockInput, request.data)
        block, created = blocks.block_person(
            user_id=caller(request).user_id, blocked_id=asked["user"]
        )
        return Response(BlockBody(block).data, status=201 if created else 200)

    @extend_schema(operation_id="unblock_person", parameters=[BlockInput], responses={204: None})
    @once("unblock", present=nothing_more)
    def delete(self, request: Request) -> Response:
        """Unblock the person `user`. 204 also if you do not block them."""
        asked = validated(BlockInput, request.query_params.dict() or request.data)
        blocks.unblock_person(user_id=caller(request).user_id, blocked_id=asked["user"])
        return Response(status=204)


class OneBlock(APIView):
    @extend_schema(
        operation_id="unblock_person_by_path", parameters=[ActInput], responses={204: None}
    )
    @once("unblock", present=nothing_more)
    def delete(self, request: Request, user_id: UUID) -> Response:
        """Unblock a person. 204 also if you do not block them."""
        blocks.unblock_person(user_id=caller(request).user_id, blocked_id=user_id)
        return Response(status=204)
