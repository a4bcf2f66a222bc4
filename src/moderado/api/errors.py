"""Error responses: always `{"code", "detail", "reason"?, "fields"?, "details"?, "error_id"?}`.

`code` is stable; `detail` is a sentence in the reader's language. The response to an unexpected
error contains only the id under which the log describes it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from django.views import csrf, defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from moderado.api.finding_bodies import ExampleBody, FairnessBody
from moderado.api.parsers import EncodedBody
from moderado.core.database import is_outage
from moderado.core.errors import (
    ApplicationError,
    Forbidden,
    Invalid,
    NotFound,
    RefusedComment,
    Unavailable,
)
from moderado.core.metrics import REFUSED
from moderado.core.newcomers import NewcomerLimited
from moderado.core.redis import RedisError
from moderado.core.vendor_errors import OPENAI, PERSPECTIVE, shaped
from moderado.enforcement.errors import Restricted
from moderado.moderation.errors import CaseSuperseded, FailingExamples, UnfairPolicy

log = structlog.get_logger(__name__)

INTERNAL = _("Something went wrong on the server. The error has been recorded.")
MALFORMED = _("The request is malformed, or has too many fields.")
NOT_JSON = _("Send the body as JSON, with the header `Content-Type: application/json`.")
CODES = {
    "authentication_failed": "not_authenticated",
    "permission_denied": "forbidden",
    "throttled": "rate_limited",
}

_CSRF_CHECKS = (("Origin", "csrf_origin"), ("Referer", "csrf_referer"))

Body = dict[str, Any]


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's EXCEPTION_HANDLER: turns every error of a view into a response."""
    set_rollback()
    response = _answer(_as_ours(error))
    REFUSED.labels(entry_point="rest", code=response.data["code"]).inc()
    request = context.get("request")
    if request is not None:
        response.data = shaped(request.path_info, response.status_code, response.data)
    return response


def _as_ours(error: Exception) -> Exception:
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return Forbidden()
    if isinstance(error, SuspiciousOperation | MultiPartParserError):
        return exceptions.ParseError(MALFORMED)
    if isinstance(error, exceptions.UnsupportedMediaType):
        # REST framework quotes what was sent, often an empty type, and names none to send.
        return exceptions.UnsupportedMediaType("", detail=NOT_JSON)
    return error


def _answer(error: Exception) -> Response:
    if is_outage(error) or isinstance(error, RedisError | Unavailable):
        return Response(
            _recorded(error, Unavailable.code, Unavailable.message),
            status=503,
            headers={"Retry-After": str(Unavailable.retry_after)},
        )
    if isinstance(error, ApplicationError):
        return Response(_of_ours(error), status=error.status, headers=_headers(error))
    if isinstance(error, exceptions.APIException):
        return Response(_of_theirs(error), status=error.status_code, headers=_headers(error))
    return Response(_recorded(error, "internal", INTERNAL), status=500)


def _of_ours(error: ApplicationError) -> Body:
    body: Body = {"code": error.code, "detail": str(error)}
    if isinstance(error, Invalid) and error.fields:
        body["fields"] = {name: _one_line(found) for name, found in error.fields.items()}
    if isinstance(error, CaseSuperseded | RefusedComment):
        body["reason"] = error.reason
    if isinstance(error, Restricted | NewcomerLimited):
        body["details"] = error.details
    if isinstance(error, FailingExamples):
        body["examples"] = ExampleBody(error.examples, many=True).data
    if isinstance(error, UnfairPolicy):
        body["fairness"] = FairnessBody(error.fairness).data
    return body


def _one_line(sentences: object) -> str:
    """Join sentences, one a line. Those of Django's catalogues may lack their full stop."""
    lines = str(sentences).splitlines()
    return " ".join(f"{line}." if line[-1:].isalnum() else line for line in lines)


def _of_theirs(error: exceptions.APIException) -> Body:
    if isinstance(error, exceptions.ValidationError):
        return _of_ours(Invalid(fields=dict(_sentences(error.detail))))
    code = CODES.get(error.default_code, error.default_code)
    return {"code": code, "detail": str(error.detail)}


def _sentences(detail: Any, path: str = "") -> list[tuple[str, str]]:
    """Nested messages as (`members.0.role`, sentence); those without a field belong to `body`."""
    if isinstance(detail, Mapping):
        parts = [
            _sentences(value, path if name == "non_field_errors" else f"{path}.{name}".strip("."))
            for name, value in detail.items()
        ]
        return [pair for part in parts for pair in part]
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        if any(isinstance(item, Mapping) for item in detail):
            parts = [_sentences(item, f"{path}.{n}".strip(".")) for n, item in enumerate(detail)]
            return [pair for part in parts for pair in part]
        return [(path or "body", "\n".join(str(item) for item in detail))]
    return [(path or "body", str(detail))]


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    status = getattr(error, "status", None) or getattr(error, "status_code", None)
    if status == 401:  # noqa: PLR2004  (the number is the name here)
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, EncodedBody):
        headers["Accept-Encoding"] = "identity"
    wait = getattr(error, "retry_after", None) or getattr(error, "wait", None)
    if wait:
        headers["Retry-After"] = str(int(wait))
    return headers


def _recorded(error: Exception, code: str, detail: object) -> Body:
    error_id = uuid4()
    log.error("request_failed", error_id=error_id, error=type(error).__name__, exc_info=error)
    return {"code": code, "detail": str(detail), "error_id": str(error_id)}


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: the same response for errors outside a view, where programs ask."""
    if not _is_for_programs(request):
        return defaults.server_error(request)
    error_id = uuid4()
    log.error("request_failed", error_id=error_id)
    body = {"code": "internal", "detail": str(INTERNAL), "error_id": str(error_id)}
    return JsonResponse(shaped(request.path, 500, body), status=500)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: for what it refuses outside a view, such as unknown hosts."""
    log.info("request_refused", reason=type(exception).__name__)
    if not _is_for_programs(request):
        return defaults.bad_request(request, exception)
    body = {"code": exceptions.ParseError.default_code, "detail": str(MALFORMED)}
    return JsonResponse(shaped(request.path, 400, body), status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW, which logs the reason without the origin that it quotes."""
    check = next((name for start, name in _CSRF_CHECKS if reason.startswith(start)), "csrf_token")
    log.info("request_refused", reason=check)
    return csrf.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404 without its check of the form, which may be malformed itself."""
    page: Callable[..., HttpResponse] = inspect.unwrap(defaults.page_not_found)
    return page(request, exception)


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", OPENAI, PERSPECTIVE))
