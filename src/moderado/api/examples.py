"""Examples of the OpenAPI document: one for each body, and for each id in a path.

The tests validate them against the schemas, and fail when a body has none.
"""

from typing import Any

import msgspec

from moderado.api.bodies import body_of
from moderado.api.decision_examples import DECISIONS, MATCH, explained
from moderado.api.enforcement import examples as enforcement
from moderado.api.enforcement import list_examples
from moderado.api.evaluation_examples import EVALUATIONS
from moderado.api.judge import examples as judge
from moderado.api.policy_examples import POLICIES
from moderado.chat.examples import OWN_CHANGES, PROFILE, REFUSED, ROOM

_ROOM = str(REFUSED.room)
_PERSON = {"id": str(REFUSED.author.id), "name": "Ana"}
_MODERATOR = {"id": "01998f00-2c1d-7d3a-9a55-64c0b1a2f3e4", "name": "Rui"}
_TIME = "2026-11-22T12:00:00.012345Z"
_EPOCH = "5b0e7a52-8f0c-4d53-9f4e-0c8a6a7d2b11"
_CASE_ID = "0199b1c4-77aa-7d10-9c2b-1f0e9d8c7b6a"
_SESSION_ID = "0199a5f0-90ab-7c44-8b7d-2e6f1a3c5d70"
_INVITATION_ID = "0199a5f1-11cd-7e02-9f3a-5d7c9b1e2a40"
_NEXT = f"https://chat.example.org/api/chat/rooms/{_ROOM}/messages/?cursor=WyI8Iiw0MCwiMDE5OSJd"
_ACCESS, _REFRESH = (
    "eyJhbGciOiJIUzI1NiJ9.access.signature",
    "eyJhbGciOiJIUzI1NiJ9.refresh.signature",
)
_PASSWORD = "girafa azul pula alto"  # noqa: S105  (an example)

_MESSAGE = {
    "id": "0199b0a1-3f20-7e55-8d0c-9b1a2c3d4e5f",
    "room": _ROOM,
    "client_id": "c-1",
    "author": _PERSON,
    "content": "bom dia, gente",
    "status": "APPROVED",
    "revision": 1,
    "position": 42,
    "seq": 42,
    "reply_to": None,
    "created_at": _TIME,
    "edited_at": None,
    "published_at": _TIME,
}
_ROOM_BODY = body_of(ROOM)
_PARTICIPANT = {"user": _PERSON, "role": "ADMIN", "created_at": _TIME}
_PROFILE = body_of(PROFILE)
_SIGNED_IN = {"access": _ACCESS, "refresh": _REFRESH, "device": "d1.0f3c.signature"}
_SUBJECT = {"type": "message", "id": str(REFUSED.id)}
_CASE = {
    "id": _CASE_ID,
    "message": str(REFUSED.id),
    "subject": _SUBJECT,
    "revision": 1,
    "author": _PERSON,
    "room": _ROOM,
    "room_name": "Boas-vindas",
    "origin": "hold",
    "state": "open",
    "text": "…",
    "is_erased": False,
    "score": 0.6,
    "categories": ["harassment"],
    "category_names": {"harassment": "harassment"},
    "message_status": "HELD",
    "is_public": False,
    "successor": None,
    "waiting_seconds": 312,
    "recommended_action": "block",
    "context": {"before": [_MESSAGE], "after": []},
    "claimed_by": _MODERATOR,
    "claimed_until": "2026-11-22T12:15:00.012345Z",
    "outcome": "",
    "reason": "",
    "note": "",
    "decided_by": None,
    "decided_at": None,
    "close_reason": "",
    "closed_at": None,
    "created_at": _TIME,
}
_LOG_LINE = {
    "id": "0199b1c3-1b2c-7a3d-8e4f-5a6b7c8d9e0f",
    "message": str(REFUSED.id),
    "subject": _SUBJECT,
    "revision": 1,
    "room": _ROOM,
    "verdict": "HOLD",
    "score": 0.6,
    "categories": {"harassment": 0.6},
    "reason": "review",
    "provider": "blocklist",
    "model": "",
    "policy": "default",
    "policy_version": "1",
    "decided_by": "blocklist",
    "matches": [MATCH],
    "failures": [],
    "latency": 0.0004,
    "cost": 0.0,
    "actor": None,
    "texts": "none",
    "created_at": _TIME,
}
_SESSION = {
    "id": _SESSION_ID,
    "device": "Firefox on Linux",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "created_at": _TIME,
    "used_at": _TIME,
    "expires_at": "2026-12-22T12:00:00.012345Z",
    "current": True,
}
_INVITATION = {
    "id": _INVITATION_ID,
    "note": "Bia, from the choir",
    "created_at": _TIME,
    "expires_at": "2026-11-29T12:00:00.012345Z",
}
_CHANGES = {
    "room": _ROOM,
    "seq": 42,
    "epoch": _EPOCH,
    "reset": False,
    "more": False,
    "messages": [_MESSAGE],
}


_FOLD = {
    "sweep": "0199b1d2-4b6d-7e3f-9021-2c4e6f8b0d2a",
    "count": 12,
    "first_position": 24,
    "last_position": 40,
    "last_seq": 57,
}


def _page(*results: Any, **more: Any) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": list(results), **more}


# By the name of the component that describes the body.
BODIES: dict[str, Any] = {
    **judge.BODIES,
    "CaseBody": _CASE,
    "CasePage": _page(
        _CASE,
        count=1,
        counts={
            "open": 1,
            "hold": 1,
            "flag": 0,
            "claimed": 1,
            "mine": 0,
            "oldest_seconds": 312,
        },
    ),
    **enforcement.BODIES,
    **list_examples.BODIES,
    "ShownCaseBody": _CASE | enforcement.SHOWN,
    "ShownCasePage": _page(_CASE | enforcement.SHOWN),
    "CaseDetailBody": _CASE
    | enforcement.SHOWN
    | enforcement.DETAIL
    | {"signals": [explained(_LOG_LINE)]},
    **DECISIONS,
    **EVALUATIONS,
    **POLICIES,
    "LogExplanation": explained(_LOG_LINE),
    "Changes": _CHANGES,
    "ActInputRequest": {"client_id": "0b6f3f0e-6c0e-4c3f-9a53-2f7f0a3c9d11"},
    "CredentialsRequest": {"email": "ana@example.org", "password": _PASSWORD},
    "DepartureRequest": {"successor_id": _MODERATOR["id"]},
    "EndedSessions": {"ended": 2},
    "ErrorBody": {
        "code": "invalid",
        "detail": "The request is not valid.",
        "fields": {"content": "Write something."},
    },
    "FoundPage": _page(_MESSAGE, count=1),
    "InvitationInputRequest": {"note": "Bia, from the choir", "days": 7},
    "LogPage": _page(_LOG_LINE),
    "HistoryPage": _page(_MESSAGE, folds=[_FOLD]) | {"next": _NEXT},
    "MessageView": _MESSAGE,
    "NewInvitationBody": _INVITATION | {"code": "Vb1kW0pQ3mZ7xT9aL2sD4g"},
    "OwnChanges": msgspec.to_builtins(OWN_CHANGES),
    "PaginatedAccountBodyList": _page(_PERSON, count=1),
    "PaginatedInvitationBodyList": _page(
        _INVITATION | {"created_by": _MODERATOR["id"], "used_by": None, "used_at": None}, count=1
    ),
    "PaginatedSessionBodyList": _page(_SESSION, count=1),
    "Participant": _PARTICIPANT,
    "ParticipantInputRequest": {"user_id": _PERSON["id"], "role": "MEMBER"},
    "ExportBody": {
        "id": "0199b1d0-0c3e-7b11-8f6a-2d4e6f8a0b1c",
        "state": "ready",
        "done": 1240,
        "total": 1240,
        "requested_at": _TIME,
        "expires_at": "2026-11-29T12:00:00.012345Z",
        "download": "https://chat.example.org/api/me/export/"
        "0199b1d0-0c3e-7b11-8f6a-2d4e6f8a0b1c/archive/",
    },
    "ErasureInputRequest": {"password": _PASSWORD},
    "ErasureBody": {
        "state": "waiting",
        "requested_at": _TIME,
        "due_at": "2026-11-29T12:00:00.012345Z",
        "is_held": False,
        "messages": 0,
    },
    "PasswordChangeRequest": {
        "current_password": _PASSWORD,
        "new_password": "cavalo verde canta baixo",
    },
    "EditingRequest": {"content": "boa tarde, gente"},
    "ProfileChangeRequest": {"name": "Ana", "language": "en"},
    "RoleChangeRequest": {"role": "MODERATOR"},
    "RoomChangeRequest": {"name": "Sala da Ana", "moderation_mode": "post", "audience": "minors"},
    "PostingRequest": {"content": "bom dia, gente", "client_id": "c-1"},
    "Profile": _PROFILE,
    "ReadInput": {"seq": 42},
    "ReadInputRequest": {"seq": 42},
    "RefreshBodyRequest": {"refresh": _REFRESH},
    "Registered": {"user": _PROFILE, "tokens": _SIGNED_IN},
    "RegistrationRequest": {
        "email": "ana@example.org",
        "name": "Ana",
        "password": _PASSWORD,
        "invitation": "Vb1kW0pQ3mZ7xT9aL2sD4g",
    },
    "RoomDetail": _ROOM_BODY | {"seq": 42, "epoch": _EPOCH, "participants": [_PARTICIPANT]},
    "RoomInputRequest": {
        "name": "Sala da Ana",
        "is_private": False,
        "moderation_mode": "pre",
        "audience": "minors",
    },
    "RoomPage": _page(_ROOM_BODY, count=1),
    "RulingInputRequest": {"outcome": "BLOCK", "reason": "harassment", "note": "Second time."},
    "SignedIn": _SIGNED_IN,
    "TicketBody": {"ticket": "Zk1t0oN8mX2v", "expires_in": 30},
    "TokensBody": {"access": _ACCESS, "refresh": _REFRESH},
}
PATH_IDS = {
    **enforcement.PATH_IDS,
    "case_id": _CASE_ID,
    "invitation_id": _INVITATION_ID,
    "log_id": _LOG_LINE["id"],
    "export_id": "0199b1d0-0c3e-7b11-8f6a-2d4e6f8a0b1c",
    "evaluation_id": EVALUATIONS["EvaluationBody"]["id"],
    "name": "default",
    "number": 3,
    "message_id": str(_MESSAGE["id"]),
    "room_id": _ROOM,
    "session_id": _SESSION_ID,
    "user_id": _PERSON["id"],
}


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Give each body and each id of the document its example: a hook of drf-spectacular."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in PATH_IDS:
                    parameter["example"] = PATH_IDS[parameter["name"]]
            for body in (operation.get("requestBody", {}), *operation["responses"].values()):
                for content in body.get("content", {}).values():
                    _add_example(content)
    return result


def _add_example(content: dict[str, Any]) -> None:
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    if name in BODIES and "examples" not in content:
        content["examples"] = {"example": {"value": BODIES[name]}}
