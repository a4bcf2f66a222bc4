"""Invitations to register, for staff with the permissions: /api/auth/invitations/."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights, selectors
from moderado.accounts.models import Invitation
from moderado.accounts.services import invitations
from moderado.accounts.services.invitations import MAX_DAYS, NOTE_LENGTH
from moderado.api.callers import require
from moderado.api.fields import ClientIdField
from moderado.api.pagination import NumberedPages


class InvitationInput(serializers.Serializer[Any]):
    note = serializers.CharField(
        max_length=NOTE_LENGTH,
        required=False,
        allow_blank=True,
        help_text="Whom it is for. Only staff see it.",
    )
    days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_DAYS,
        required=False,
        help_text="Days until it expires. Without it: the server's INVITATION_DAYS.",
    )
    client_id = ClientIdField()


class NewInvitationBody(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    code = serializers.CharField(read_only=True, help_text="The server stores a hash.")
    note = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True)


class InvitationBody(serializers.ModelSerializer[Invitation]):
    """One invitation. Ids are those of accounts."""

    class Meta:
        model = Invitation
        fields = ("id", "note", "created_by", "created_at", "expires_at", "used_by", "used_at")
        read_only_fields = fields


class Invitations(ListAPIView[Invitation]):
    serializer_class = InvitationBody
    pagination_class = NumberedPages

    @extend_schema(operation_id="list_invitations")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the invitations, newest first. For staff with `view_invitation`."""
        require(request, rights.VIEW_INVITATION)
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_invitation",
        request=InvitationInput,
        responses={201: NewInvitationBody},
    )
    def post(self, request: Request) -> Response:
        """Create an invitation and return its code once. For staff with `add_invitation`.

        The same `client_id` again returns the first invitation with its code.
        """
        actor = require(request, rights.ADD_INVITATION)
        body = InvitationInput(data=request.data)
        body.is_valid(raise_exception=True)
        created = invitations.create_invitation(actor_id=actor.id, **body.validated_data)
        return Response(NewInvitationBody(created).data, status=201)

    def get_queryset(self) -> QuerySet[Invitation]:
        return selectors.all_invitations()


class OneInvitation(APIView):
    @extend_schema(operation_id="revoke_invitation", responses={204: None})
    def delete(self, request: Request, invitation_id: UUID) -> Response:
        """Revoke an unused invitation. For staff with `delete_invitation`."""
        actor = require(request, rights.DELETE_INVITATION)
        invitations.revoke_invitation(invitation_id=invitation_id, actor_id=actor.id)
        return Response(status=204)
