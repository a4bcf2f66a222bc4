"""Examples of purges, by the name of the component that describes the body."""

from typing import Any

PURGE_ID = "0199b1d2-4b6d-7e3f-9021-2c4e6f8b0d2a"
_USER = "0198b2f0-5e8c-7a10-9c44-5d1f6f1f2a01"
_ROOM = "0198b2f0-5e8c-7a10-9c44-5d1f6f1f2b02"
_TIME = "2026-11-28T15:04:05Z"

BODIES: dict[str, Any] = {
    "PurgeInputRequest": {
        "user": _USER,
        "since": "2026-11-28T12:00:00Z",
        "dry_run": False,
        "room": _ROOM,
        "reason": "spam",
        "public_note": "Você enviou a mesma propaganda muitas vezes.",
    },
    "PurgeBody": {
        "id": PURGE_ID,
        "user": _USER,
        "room": _ROOM,
        "since": "2026-11-28T12:00:00Z",
        "reason": "spam",
        "state": "running",
        "matched": 240,
        "counts": [
            {"room": _ROOM, "status": "APPROVED", "count": 200},
            {"room": _ROOM, "status": "PENDING", "count": 40},
        ],
        "sample": [],
        "removed": 100,
        "restored": 0,
        "created_at": _TIME,
        "finished_at": None,
    },
}
