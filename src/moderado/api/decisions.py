"""Why a text was judged as it was: /api/moderation/logs/{id}/ and /api/moderation/try/.

For moderators of a room, about that room; for staff with the permission, about all.
"""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.decision_bodies import LogExplanation, TryBody, TryInput
from moderado.api.moderation import moderated_or_all, moderated_scopes
from moderado.api.schemas import validated
from moderado.moderation import selectors
from moderado.moderation.services.explaining import try_text
from moderado.moderation.services.judging import Facts
from moderado.moderation.types import AuthorFacts


class OneLog(APIView):
    @extend_schema(operation_id="explain_moderation_log", responses=LogExplanation)
    def get(self, request: Request, log_id: UUID) -> Response:
        """Explain a decision: what was matched and measured, and which step decided."""
        scope_ids = moderated_or_all(request, rights.VIEW_LOG)
        line = selectors.get_log(log_id=log_id, scope_ids=scope_ids)
        return Response(LogExplanation(line).data)


class Trying(APIView):
    @extend_schema(operation_id="try_text", request=TryInput, responses=TryBody)
    def post(self, request: Request) -> Response:
        """Judge a text with the local providers and explain the verdict. Nothing is stored."""
        moderated_scopes(request, rights.VIEW_LOG)
        asked = validated(TryInput, request.data)
        facts = Facts(author=AuthorFacts(**asked.get("as", {})))
        return Response(try_text(asked["text"], facts=facts))
