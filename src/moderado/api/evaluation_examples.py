"""Examples of the bodies of evaluations."""

from typing import Any

_ID = "0199a7c0-5d1e-7c11-8f3a-2f6f8f0f1a2b"
_TIME = "2026-11-22T12:00:00.012345Z"
_ASKED = {
    "kind": "replay",
    "policy": "default",
    "version": 2,
    "since": "2026-10-23T12:00:00Z",
    "until": "2026-11-22T12:00:00Z",
    "room": None,
    "limit": None,
}
_SUMMARY = _ASKED | {
    "id": _ID,
    "state": "running",
    "progress": {"done": 120_000, "total": 480_000},
    "error": "",
    "requested_by": {"id": "01998f00-2c1d-7d3a-9a55-64c0b1a2f3e4", "name": "Rui"},
    "created_at": _TIME,
    "started_at": _TIME,
    "ended_at": None,
}
EVALUATIONS: dict[str, Any] = {
    "EvaluationInputRequest": _ASKED | {"kind": "calibration", "version": None, "rate": 0.01},
    "EvaluationBody": _SUMMARY
    | {
        "results": {
            "decisions": 120_000,
            "equal": 119_400,
            "differences": 0,
            "erased": 0,
            "unreplayable": 600,
            "causes": {"no_policy": 600},
            "examples": [],
        }
    },
    "PaginatedEvaluationSummaryList": {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [_SUMMARY],
    },
}
