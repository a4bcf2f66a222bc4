"""Policies, for staff with the permissions: /api/moderation/policies/ and assignments/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.api.callers import require
from moderado.api.pagination import NumberedPages
from moderado.api.parsers import BoundedJSON
from moderado.api.policy_bodies import (
    AssignmentsBody,
    AssignmentsInput,
    DocumentInput,
    EnableInput,
    FindingsBody,
    PolicyBody,
    PolicyDetail,
    PolicyInput,
    PolicyYAML,
    RollbackInput,
    SavedBody,
    VersionBody,
    VersionDetail,
)
from moderado.api.repeats import once
from moderado.api.schemas import validated
from moderado.core.errors import Invalid, NotFound
from moderado.moderation import selectors
from moderado.moderation.services import policies
from moderado.moderation.services.enabling import BeforeEnabling, before_enabling
from moderado.moderation.services.policy_assignments import (
    ROOM_TYPES,
    Assignments,
    assign,
    assignments,
)
from moderado.moderation.services.policy_documents import parse_document

_PARSERS = [BoundedJSON, PolicyYAML]


class Policies(ListAPIView[Any]):
    serializer_class = PolicyBody
    pagination_class = NumberedPages
    parser_classes = _PARSERS

    @extend_schema(operation_id="list_policies")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the policies, by name."""
        require(request, rights.VIEW_POLICY)
        return super().get(request, *args, **kwargs)

    @extend_schema(operation_id="create_policy", request=PolicyInput, responses={201: SavedBody})
    def post(self, request: Request) -> Response:
        """Create a policy with its first version, which is not enabled.

        400 `invalid_policy` with every mistake, by path.
        """
        actor = require(request, rights.ADD_POLICY)
        asked = validated(PolicyInput, request.data)
        reason, client_id = asked.pop("reason"), asked.pop("client_id", None)
        saved = policies.create_policy(
            actor_id=actor.id,
            document=parse_document(**asked),
            reason=reason,
            client_id=client_id,
        )
        return Response(SavedBody(_found(saved)).data, status=201)

    def get_queryset(self) -> Any:
        return selectors.policies()


class OnePolicy(APIView):
    @extend_schema(operation_id="get_policy", responses=PolicyDetail)
    def get(self, request: Request, name: str) -> Response:
        """Return a policy with its history."""
        require(request, rights.VIEW_POLICY)
        return Response(PolicyDetail(selectors.policy_with_history(name)).data)

    @extend_schema(operation_id="delete_policy", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Delete a policy that is not assigned. Its versions stay, because decisions name them."""
        actor = require(request, rights.DELETE_POLICY)
        policies.delete_policy(actor_id=actor.id, name=name)
        return Response(status=204)


class Versions(ListAPIView[Any]):
    serializer_class = VersionBody
    pagination_class = NumberedPages
    parser_classes = _PARSERS

    @extend_schema(operation_id="list_policy_versions")
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the versions of a policy, newest first."""
        require(request, rights.VIEW_POLICY)
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="save_policy_version", request=DocumentInput, responses={201: SavedBody}
    )
    def post(self, request: Request, name: str) -> Response:
        """Save a version. It is not enabled: `findings` say whether it could be."""
        actor = require(request, rights.ADD_POLICY)
        asked = validated(DocumentInput, request.data)
        policy = policies.get_policy(name)
        extends = policy.extends.name if policy.extends else None
        document = parse_document(
            document=asked.get("document"), yaml=asked.get("yaml"), name=name, extends=extends
        )
        saved = policies.save_version(
            actor_id=actor.id,
            name=name,
            document=document,
            reason=asked["reason"],
            client_id=asked.get("client_id"),
        )
        return Response(SavedBody(_found(saved)).data, status=201)

    def get_queryset(self) -> Any:
        return selectors.policy_versions(self.kwargs["name"])


class OneVersion(APIView):
    @extend_schema(operation_id="get_policy_version", responses=VersionDetail)
    def get(self, request: Request, name: str, number: int) -> Response:
        """Return a version with its document."""
        require(request, rights.VIEW_POLICY)
        return Response(VersionDetail(policies.get_version(name, number)).data)


class VersionFindings(APIView):
    @extend_schema(operation_id="get_policy_version_findings", responses=FindingsBody)
    def get(self, request: Request, name: str, number: int) -> Response:
        """Return what to look at before a version is enabled.

        Examples that fail, fairness, the estimated load of the queue, and the newest backtest.
        """
        require(request, rights.VIEW_POLICY)
        return Response(FindingsBody(before_enabling(policies.get_version(name, number))).data)


def _version_now(_view: APIView, request: Request, name: str, number: int, **_: object) -> Response:
    require(request, rights.ENABLE_POLICY)
    return Response(VersionBody(policies.get_version(name, number)).data)


def _enabled_now(_view: APIView, request: Request, name: str, **_: object) -> Response:
    require(request, rights.ENABLE_POLICY)
    enabled = policies.get_policy(name).enabled
    if enabled is None:
        raise NotFound
    return Response(VersionBody(policies.get_version(name, enabled.number)).data)


def _assignments_now(_view: APIView, request: Request, **_: object) -> Response:
    require(request, rights.ENABLE_POLICY)
    return Response(_shown(assignments()))


class Enabling(APIView):
    @extend_schema(operation_id="enable_policy_version", request=EnableInput, responses=VersionBody)
    @once("enable", present=_version_now)
    def post(self, request: Request, name: str, number: int) -> Response:
        """Enable a version: it is in force for the next claim of every worker.

        409 `failing_examples` with all of them. 409 `unfair_policy` if it holds more neutral
        sentences about identities, unless `confirm_fairness` is true.
        """
        actor = require(request, rights.ENABLE_POLICY)
        asked = validated(EnableInput, request.data)
        policies.enable(actor_id=actor.id, name=name, number=number, **asked)
        return Response(VersionBody(policies.get_version(name, number)).data)


class RollingBack(APIView):
    @extend_schema(
        operation_id="roll_back_policy_version", request=RollbackInput, responses=VersionBody
    )
    @once("roll_back", present=_enabled_now)
    def post(self, request: Request, name: str, number: int) -> Response:
        """Enable again the version that was enabled before this one; the answer is that version."""
        actor = require(request, rights.ENABLE_POLICY)
        asked = validated(RollbackInput, request.data)
        version = policies.rollback(actor_id=actor.id, name=name, number=number, **asked)
        return Response(VersionBody(policies.get_version(name, version.number)).data)


class PolicyAssignments(APIView):
    @extend_schema(operation_id="get_policy_assignments", responses=AssignmentsBody)
    def get(self, request: Request) -> Response:
        """Return where policies apply. The most specific one wins."""
        require(request, rights.VIEW_POLICY)
        return Response(_shown(assignments()))

    @extend_schema(
        operation_id="assign_policies", request=AssignmentsInput, responses=AssignmentsBody
    )
    @once("assign", present=_assignments_now)
    def put(self, request: Request) -> Response:
        """Replace all assignments."""
        actor = require(request, rights.ENABLE_POLICY)
        asked = validated(AssignmentsBody, request.data)
        wanted = Assignments(
            server=asked["server"],
            room_types=_room_types(asked["room_types"]),
            rooms={_room_id(key): name for key, name in asked["rooms"].items()},
        )
        return Response(_shown(assign(actor_id=actor.id, wanted=wanted)))


def _found(saved: policies.Saved) -> BeforeEnabling:
    return before_enabling(saved.version, saved.findings)


def _shown(found: Assignments) -> dict[str, Any]:
    return {
        "server": found.server,
        "room_types": dict(found.room_types),
        "rooms": {str(room_id): name for room_id, name in found.rooms.items()},
    }


def _room_types(asked: dict[str, str]) -> dict[str, str]:
    if unknown := sorted(set(asked) - set(ROOM_TYPES)):
        raise Invalid(fields={f"room_types.{unknown[0]}": ", ".join(ROOM_TYPES)})
    return asked


def _room_id(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise Invalid(fields={f"rooms.{key[:64]}": "UUID"}) from None
