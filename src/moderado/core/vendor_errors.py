"""Error responses in the shape of the API that a path imitates.

Clients of OpenAI and of Perspective read the errors of the judge as they read those of their
vendor. All other paths have the product's own shape, `{"code", "detail", …}`.
"""

from collections.abc import Mapping
from typing import Any

OPENAI, PERSPECTIVE = "/v1/", "/v1alpha1/"

# Codes that OpenAI has a name of its own for.
_OPENAI_CODES = {
    "not_authenticated": "invalid_api_key",
    "forbidden": "insufficient_permissions",
    "rate_limited": "rate_limit_exceeded",
    "not_found": "unknown_url",
}
_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_DETAILS = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_SERVER_ERROR = 500


def shaped(path: str, status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the error body for a path.

    Args:
        path: The path of the request.
        status: The HTTP status.
        body: The error in the product's own shape.
    """
    if path.startswith(OPENAI):
        return {"error": _openai(status, body)}
    if path.startswith(PERSPECTIVE):
        return {"error": _google(status, body)}
    return dict(body)


def _openai(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    field, sentence = _first_field(body)
    kind = "invalid_request_error"
    if status >= _SERVER_ERROR:
        kind = "server_error"
    elif body["code"] == "rate_limited":
        kind = "requests"
    code = _OPENAI_CODES.get(body["code"], body["code"])
    return {"message": sentence, "type": kind, "param": field, "code": code}


def _google(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    _, sentence = _first_field(body)
    details = {"@type": _DETAILS, "errorType": str(body.get("reason", body["code"])).upper()}
    return {
        "code": status,
        "message": sentence,
        "status": _GOOGLE_STATUSES.get(status, "INVALID_ARGUMENT"),
        "details": [details],
    }


def _first_field(body: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the first invalid field and what is wrong with it; otherwise the general sentence."""
    fields = body.get("fields") or {}
    for name, sentence in fields.items():
        return (None if name == "body" else name), str(sentence)
    return None, str(body["detail"])
