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
        "queue_load": {"sample": 300, "before": 12.4, "after": 15.1},
        "backtest": {"id": "0199a7c0-5d1e-7c11-8f3a-2f6f8f0f1a2b", "state": "done"},
    },
}
_PROVIDER = {
    "name": "openai",
    "is_remote": True,
    "breaker": "closed",
    "open_until": None,
    "rests_until": None,
    "recent_failures": 1,
    "spent": {"day": "2026-11-22", "calls": 812, "tokens": 2310, "cost": "0.406000000"},
    "shadow_spent": None,
    "latency": {"p50": 0.31, "p95": 0.82},
    "agreement": [{"policy": "default", "pairs": 4120, "kappa": 0.71}],
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
    "AssignmentsInputRequest": _ASSIGNMENTS,
    "DocumentInputRequest": {"document": _DOCUMENT, "reason": _VERSION["reason"]},
    "EnableInputRequest": {"confirm_fairness": False, "reason": _VERSION["reason"]},
    "FindingsBody": _SAVED["findings"],
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
    "ProvidersBody": {"results": [_PROVIDER]},
    "SavedBody": _SAVED,
    "ShadowBody": {"policy": "default", "enabled": 2, "version": 3, "sample": 0.1},
    "ShadowInputRequest": {"version": 3, "sample": 0.1, "reason": "Is it as good?"},
    "VersionBody": _VERSION,
    "VersionDetail": _VERSION | {"document": _DOCUMENT},
}
