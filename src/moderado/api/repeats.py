"""Acts that another act takes back, such as joining and leaving a room: a repeat has no effect.

A request that is sent again after the opposite act would act again. Its `client_id` tells a repeat
from a new request (ADR 0137). What a request creates by a `client_id` of its service is not here.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderado.accounts.services import client_keys
from moderado.api.callers import caller
from moderado.api.fields import ActIdField
from moderado.api.schemas import validated

Handler = Callable[..., Response]
# Called as the handler, with the id of what the first request made as `made`: None without one.
Present = Callable[..., Response]


class ActInput(serializers.Serializer[Any]):
    """The body of an act that needs no other field; a query of an act without a body."""

    client_id = ActIdField()


def nothing_more(*_args: object, **_kwargs: object) -> Response:
    """Answer the repeat of an act whose answer has no body."""
    return Response(status=204)


def once(kind: str, *, present: Present) -> Callable[[Handler], Handler]:
    """Let requests with a `client_id`, in the body or the query, act once.

    A first request is carried out in one transaction with the record of its `client_id`. If it is
    refused, the `client_id` is unused again.

    Args:
        kind: What is done; each kind and path has `client_id`s of its own.
        present: Answers a repeat with what is there now. It checks what the caller may see.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def call(view: Any, request: Request, **path: Any) -> Response:
            client_id = _taken_client_id(request)
            if client_id is None:
                return handler(view, request, **path)
            subject = "/".join(str(each) for each in path.values())
            query = request.query_params.dict()
            query.pop("client_id", None)
            return client_keys.once(
                lambda: handler(view, request, **path),
                present=lambda made: present(view, request, made=made, **path),
                result_of=_made,
                owner_id=caller(request).user_id,
                kind=kind,
                client_id=f"{subject}/{client_id}",
                content=[request.data, query],
            )

        return call

    return decorate


def _taken_client_id(request: Request) -> str | None:
    """Return the `client_id` of a request, and take it out of the body: no handler knows it.

    That of a dry run names nothing.
    """
    body, given = request.data, request.query_params.get("client_id")
    if isinstance(body, Mapping) and "client_id" in body:
        given = given if body["client_id"] is None else body["client_id"]
        rest = {name: value for name, value in body.items() if name != "client_id"}
        request._full_data = rest  # type: ignore[attr-defined]  # noqa: SLF001  (what `data` reads)
    client_id: str | None = validated(ActInput, {"client_id": given})["client_id"]
    return None if _is_dry_run(body) else client_id


def _is_dry_run(body: object) -> bool:
    """Tell whether the handler will read the request as one: also `"true"`, and not `"false"`."""
    asked = body.get("dry_run") if isinstance(body, Mapping) else None
    try:
        return bool(serializers.BooleanField().run_validation(asked or False))
    except serializers.ValidationError:
        return False  # the handler refuses it


def _made(answer: Response) -> UUID | None:
    made = answer.data.get("id") if isinstance(answer.data, Mapping) else None
    return None if made is None else UUID(str(made))
