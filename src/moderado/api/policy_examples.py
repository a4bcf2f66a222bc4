"""Examples of the bodies of policies."""

from typing import Any

_TIME = "2026-11-22T12:00:00.012345Z"
_PERSON = {"id": "01998f00-2c1d-7d3a-9a55-64c0b1a2f3e4", "name": "Rui"}
_DOCUMENT = {
    "name": "default",
    "extends": None,
    "rules": [
        {"id": "portuguese", "pack": "pt-BR"},
        {
            "id": "house",
            "words": ["compre seguidores"],
            "category": "spam",
            "outcome": "hold",
            "must_hold": ["Compre... SEGUIDORES!"],
        },
    ],
}
_POLICY = {"name": "default", "extends": None, "enabled": 2, "latest": 3, "created_at": _TIME}
_VERSION = {
    "policy": "default",
    "version": 3,
    "is_enabled": False,
    "author": _PERSON,
    "reason": "Sellers of followers again.",
    "created_at": _TIME,
}
_SAVED = {
    "version": 3,
    "findings": {
        "examples": [
            {
                "rule": "house",
                "text": "Compre... SEGUIDORES!",
                "expected": "hold",
                "outcome": "ALLOW",
            }
        ],
        "fairness": {
            "sentences": 1680,
            "held": 12,
            "share": 0.0071,
            "limit": 0.03,
            "enabled_held": 12,
            "is_worse": False,
        },
        "mistakes": [],
    },
}
_ASSIGNMENTS = {
    "server": "default",
    "room_types": {"public": "default"},
    "rooms": {"0199a6d2-11f0-7b52-9c44-7d1e52a90c11": "games"},
}


def _page(*results: Any) -> dict[str, Any]:
    return {"count": len(results), "next": None, "previous": None, "results": list(results)}


POLICIES: dict[str, Any] = {
    "AssignmentsBody": _ASSIGNMENTS,
    "AssignmentsBodyRequest": _ASSIGNMENTS,
    "DocumentInputRequest": {"document": _DOCUMENT, "reason": _VERSION["reason"]},
    "EnableInputRequest": {"confirm_fairness": False, "reason": _VERSION["reason"]},
    "PaginatedPolicyBodyList": _page(_POLICY),
    "PaginatedVersionBodyList": _page(_VERSION),
    "PolicyDetail": _POLICY
    | {
        "history": [
            {
                "action": "enabled",
                "version": 2,
                "actor": _PERSON,
                "reason": "",
                "details": {},
                "created_at": _TIME,
            }
        ]
    },
    "PolicyInputRequest": {"name": "default", "extends": None, "document": _DOCUMENT},
    "RollbackInputRequest": {"reason": "It held greetings."},
    "SavedBody": _SAVED,
    "VersionBody": _VERSION,
    "VersionDetail": _VERSION | {"document": _DOCUMENT},
}
