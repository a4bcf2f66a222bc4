"""Examples of the bodies that explain decisions."""

from typing import Any

MATCH = {
    "provider": "blocklist",
    "rule": "insults/idiota",
    "category": "insult",
    "start": 4,
    "end": 10,
    "severity": 0.6,
    "usage": "aimed",
    "outcome": "HOLD",
}
_WHY: dict[str, Any] = {
    "basis": {
        "ground": "rule",
        "provider": "blocklist",
        "rule": "insults/idiota",
        "category": "insult",
        "score": 0.6,
    },
    "signals": {
        "blocklist": {
            "model": "9f86d081884c",
            "scores": {},
            "recommendation": None,
            "cost": 0.0,
            "latency": 0.00006,
        }
    },
    "readings": [],
    "facts": {
        "author": {
            "role": "MEMBER",
            "age_days": 3,
            "approved": 12,
            "strikes": 0,
            "is_bot": False,
        },
        "room": {"type": "public", "mode": "pre", "audience": "mixed"},
    },
}
DECISIONS: dict[str, Any] = {
    "TryInputRequest": {"text": "seu 1d10t4", "as": {"role": "MEMBER", "age_days": 3}},
    "TryBody": {
        "outcome": "HOLD",
        "category": "insult",
        "categories": {"insult": 0.6},
        "score": 0.6,
        "reason": "review",
        "decided_by": "blocklist",
        "policy": "default",
        "policy_version": "1",
        "matches": [MATCH | {"text": "1d10t4"}],
        "words": [
            {
                "provider": "classifier",
                "head": "pt",
                "word": "seu",
                "amount": 0.41,
                "places": [[0, 3]],
            }
        ],
        "failures": [],
        **_WHY,
    },
}


def explained(line: dict[str, Any]) -> dict[str, Any]:
    """Return the example of a log line with its explanation."""
    return line | _WHY
