"""Examples of lists for moderators, by the name of the component that describes the body."""

from typing import Any

from moderado.api.enforcement import notice_examples, purge_examples

_MODERATOR = {"id": "01998f00-2c1d-7d3a-9a55-64c0b1a2f3e4", "name": "Rui"}
_PERSON = {"id": "0198b2f0-5e8c-7a10-9c44-5d1f6f1f2a01", "name": "Ana"}
_CASE_ID = "0199b1c4-77aa-7d10-9c2b-1f0e9d8c7b6a"
_TIME = "2026-11-22T12:00:00.012345Z"
_ABOUT = {
    "subject_type": "message",
    "subject": "0199b0a1-3f20-7e55-8d0c-9b1a2c3d4e5f",
    "room": "0198b2f0-5e8c-7a10-9c44-5d1f6f1f2b02",
    "case": _CASE_ID,
}
_OPEN = {"state": "open", "outcome": "", "created_at": _TIME, "decided_at": None}
_RULING: dict[str, Any] = _ABOUT | {
    "id": "0199b1d3-5c7e-7f40-a132-3d5f709c1e20",
    "revision": 1,
    "content": "remove",
    "reason": "harassment",
    "public_note": "Critique ideias, não pessoas.",
    "private_note": "Second time this week.",
    "actor": _MODERATOR,
    "author": _PERSON,
    "created_at": _TIME,
    "undo_until": "2026-11-22T12:00:10.012345Z",
    "undone_at": None,
    "reverses": None,
    "bulk": None,
}
_REPORT: dict[str, Any] = {
    **_ABOUT,
    **_OPEN,
    "id": "0199b1d5-7e90-7162-8354-5f7192ae3042",
    "reporter": _PERSON,
    "reporter_record": {"upheld": 4, "rejected": 1, "may_be_suspended": False},
    "category": "harassment",
    "comment": "É sobre mim.",
}
_NOTICE = {
    **notice_examples.ON_CASE,
    **_OPEN,
    "id": "0199b1da-1c3d-7e4f-8a5b-6c7d8e9fa0b1",
    "case": _CASE_ID,
}


def _page(result: Any) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": [result]}


BODIES: dict[str, Any] = {
    "RulingPage": _page(_RULING),
    "ReportForStaffPage": _page(_REPORT),
    "NoticePage": _page(_NOTICE),
    "PurgePage": _page(purge_examples.BODIES["PurgeBody"]),
}
AUTHOR_CARD = {
    "person": _PERSON,
    "created_at": _TIME,
    "cases": 2,
    "removed": 1,
    "points": 2,
    "sanctions": [],
    "decisions": [
        {
            "id": _RULING["id"],
            "case": _CASE_ID,
            "subject_type": "message",
            "content": "remove",
            "reason": "hate",
            "sanctions": ["mute"],
            "created_at": _TIME,
            "is_reversed": False,
        }
    ],
}
