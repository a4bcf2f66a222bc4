"""Providers and shadows, for staff with the permissions: /api/moderation/providers/."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import require
from moderado.api.provider_bodies import ProvidersBody, ShadowBody, ShadowInput
from moderado.api.repeats import once
from moderado.api.schemas import validated
from moderado.moderation.services.policies import get_policy
from moderado.moderation.services.provider_states import provider_states
from moderado.moderation.services.shadows import choose_shadow


class Providers(APIView):
    @extend_schema(operation_id="list_providers", responses=ProvidersBody)
    def get(self, request: Request) -> Response:
        """Return the configured providers: health, budgets, time, agreement of their shadows."""
        require(request, rights.VIEW_POLICY)
        return Response(ProvidersBody({"results": provider_states()}).data)


def _shadow_now(_view: APIView, request: Request, name: str, **_: object) -> Response:
    require(request, rights.ENABLE_POLICY)
    return Response(ShadowBody(get_policy(name)).data)


class Shadowing(APIView):
    @extend_schema(operation_id="choose_shadow", request=ShadowInput, responses=ShadowBody)
    @once("shadow", present=_shadow_now)
    def put(self, request: Request, name: str) -> Response:
        """Let another version judge a sample beside the enabled one, without effect.

        400 if the version is the enabled one.
        """
        actor = require(request, rights.ENABLE_POLICY)
        asked = validated(ShadowInput, request.data)
        policy = choose_shadow(
            actor_id=actor.id,
            name=name,
            number=asked["version"],
            sample=asked["sample"],
            reason=asked["reason"],
        )
        return Response(ShadowBody(policy).data)
