"""Examples of the bodies of notices, evidence and the hash bank."""

from typing import Any

from moderado.chat.examples import REFUSED

_TIME = "2026-11-22T12:00:00.012345Z"
_MESSAGE = "0199b0a1-3f20-7e55-8d0c-9b1a2c3d4e5f"
_WHERE = f"https://chat.example.org/#/rooms/{REFUSED.room}/messages/{_MESSAGE}"

PATH_IDS = {
    "banked_id": "0199b1d8-c1c3-7495-b687-82a4c5d16375",
    "protocol": "2026-7K3F-9QXT-2M4P",
}
_GIVEN = {
    "name": "Beatriz Souza",
    "role": "victim",
    "subject": _WHERE,
    "category": "personal_data",
    "text": "Publicou meu endereço sem autorização.",
}
_BANKED = {
    "id": PATH_IDS["banked_id"],
    "message": _MESSAGE,
    "order": "Processo 0001234-56.2026.8.26.0100",
    "created_at": _TIME,
}
ON_CASE = {
    "protocol": PATH_IDS["protocol"],
    "role": _GIVEN["role"],
    "name": _GIVEN["name"],
    "category": _GIVEN["category"],
    "text": _GIVEN["text"],
    "subject": _WHERE,
    "confirmed_at": _TIME,
    "due_at": "2026-11-23T12:00:00.012345Z",
}
BODIES: dict[str, Any] = {
    "NoticeInputRequest": _GIVEN | {"email": "beatriz@example.org"},
    "NoticeView": _GIVEN
    | {
        "protocol": PATH_IDS["protocol"],
        "state": "open",
        "outcome": None,
        "created_at": "2026-11-22T11:58:00.012345Z",
        "confirmed_at": _TIME,
        "due_at": ON_CASE["due_at"],
        "decided_at": None,
    },
    "CodeInputRequest": {"code": "7K3F-9QXT"},
    "EvidenceInputRequest": {"order": "Ofício 7/2026"},
    "BankInputRequest": {"message": _MESSAGE, "order": _BANKED["order"]},
    "BankedTextBody": _BANKED,
    "BankedTextPage": {"next": None, "previous": None, "results": [_BANKED]},
}
