"""Why a text was judged as it was: /api/moderation/logs/{id}/ and /api/moderation/try/.

For moderators of a room, about that room; for staff with the permission, about all.
"""

from typing import cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from msgspec import structs
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.api.callers import (
    check_moderated,
    moderated_or_all,
    moderated_scopes,
    require,
    sees_restricted,
)
from moderado.api.decision_bodies import LogExplanation, TryBody, TryInput
from moderado.api.schemas import validated
from moderado.chat.selectors.places import NO_PLACE, place_of
from moderado.chat.services.restricted_reading import read_log
from moderado.moderation.services.explaining import compiled_policy, try_text
from moderado.moderation.services.judging import Facts
from moderado.moderation.types import AuthorFacts


class OneLog(APIView):
    @extend_schema(operation_id="explain_moderation_log", responses=LogExplanation)
    def get(self, request: Request, log_id: UUID) -> Response:
        """Explain a decision: what was matched and measured, and which step decided."""
        scope_ids = moderated_or_all(request, rights.VIEW_LOG)
        line = read_log(
            actor_id=cast("User", request.user).id,
            scope_ids=scope_ids,
            log_id=log_id,
            sees_restricted=sees_restricted(request),
        )
        return Response(LogExplanation(line).data)


class Trying(APIView):
    @extend_schema(operation_id="try_text", request=TryInput, responses=TryBody)
    def post(self, request: Request) -> Response:
        """Judge a text with the local providers and explain the verdict. Nothing is stored.

        By the policy in force on the server, unless `policy` or `room` names another place.
        """
        scope_ids = moderated_scopes(request, rights.VIEW_LOG)
        asked = validated(TryInput, request.data)
        room_id, name = asked.get("room"), asked.get("policy")
        if name is not None:
            require(request, rights.VIEW_POLICY)
        check_moderated(room_id, scope_ids)
        room = place_of(room_id) if room_id is not None else NO_PLACE
        facts = structs.replace(room.facts, audience=asked.get("audience", room.facts.audience))
        return Response(
            try_text(
                asked["text"],
                facts=Facts(author=AuthorFacts(**asked.get("as", {})), room=facts),
                compiled=compiled_policy(name, asked.get("version")) if name else None,
                chain=room.in_force,
            )
        )
