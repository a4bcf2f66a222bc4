"""Examples of the bodies of cases, rulings, measures, reports and appeals."""

from typing import Any

from moderado.api.enforcement import notice_examples as notices
from moderado.api.enforcement import purge_examples
from moderado.api.enforcement.list_examples import AUTHOR_CARD
from moderado.api.enforcement.sanction_bodies import EXAMPLE
from moderado.chat.examples import REFUSED

_ROOM = str(REFUSED.room)
_PERSON = {"id": str(REFUSED.author.id), "name": "Ana"}
_MODERATOR = {"id": "01998f00-2c1d-7d3a-9a55-64c0b1a2f3e4", "name": "Rui"}
_CASE_ID = "0199b1c4-77aa-7d10-9c2b-1f0e9d8c7b6a"
_TIME = "2026-11-22T12:00:00.012345Z"
_LATER = "2026-11-22T12:00:10.012345Z"
_TOMORROW = "2026-11-23T12:00:00.012345Z"
_UNTIL_APPEAL = "2027-05-21T12:00:00.012345Z"
_MESSAGE = "0199b0a1-3f20-7e55-8d0c-9b1a2c3d4e5f"

PATH_IDS = {
    **notices.PATH_IDS,
    "appeal_id": "0199b1d1-3a5c-7d2e-8f10-1b3d5f7a9c0e",
    "bulk_id": "0199b1d2-4b6d-7e3f-9021-2c4e6f8b0d1f",
    "purge_id": purge_examples.PURGE_ID,
    "decision_id": "0199b1d3-5c7e-7f40-a132-3d5f709c1e20",
    "queue_id": "0199b1d4-6d8f-7051-b243-4e60819d2f31",
    "report_id": "0199b1d5-7e90-7162-8354-5f7192ae3042",
    "ruling_id": "0199b1d3-5c7e-7f40-a132-3d5f709c1e20",
    "sanction_id": "0199b1d6-8fa1-7273-9465-6082a3bf4153",
    "suspension_id": "0199b1d7-90b2-7384-a576-7193b4c05264",
}
_APPEAL_PATH = f"/api/me/decisions/{PATH_IDS['ruling_id']}/appeal/"
_MUTE = {"kind": "mute", "term_seconds": 86_400, "scope": "room"}
_PROPOSAL = {
    "content": "remove",
    "sanctions": [_MUTE],
    "reason": "harassment",
    "public_note": "Critique ideias, não pessoas.",
    "private_note": "Second time this week.",
}


def _page(*results: Any) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": list(results)}


SHOWN = {
    "queue": PATH_IDS["queue_id"],
    "origins": ["hold", "report"],
    "priority": 6,
    "snoozed_until": None,
    "escalated_at": None,
}
_NOTE = {
    "id": "0199b1d8-a1c3-7495-b687-82a4c5d16375",
    "actor": _MODERATOR,
    "text": "Looks like a quarrel from another room.",
    "created_at": _TIME,
}
_RULING = {
    "id": PATH_IDS["ruling_id"],
    "case": _CASE_ID,
    "revision": 1,
    "content": "remove",
    "reason": "harassment",
    "public_note": _PROPOSAL["public_note"],
    "private_note": _PROPOSAL["private_note"],
    "actor": _MODERATOR,
    "created_at": _TIME,
    "undone_at": None,
    "reverses": None,
    "bulk": None,
}
_BULK = {
    "id": PATH_IDS["bulk_id"],
    "state": "running",
    "matched": 120,
    "decided": 80,
    "skipped": 2,
    "created_at": _TIME,
    "finished_at": None,
}
DETAIL = {
    "reports": [
        {
            "id": PATH_IDS["report_id"],
            "reporter": _MODERATOR,
            "reporter_record": {"upheld": 4, "rejected": 1, "may_be_suspended": False},
            "category": "harassment",
            "comment": "É sobre mim.",
            "created_at": _TIME,
        }
    ],
    "notices": [notices.ON_CASE],
    "notes": [_NOTE],
    "rulings": [],
    "author_card": AUTHOR_CARD,
    "timeline": [{"kind": "opened", "at": _TIME, "actor": None, "detail": "hold"}],
}

_CASES: dict[str, Any] = {
    "NoteInputRequest": {"text": _NOTE["text"]},
    "NoteBody": _NOTE,
    "RulingOnCaseInputRequest": _PROPOSAL | {"revision": 1},
    "MadeRulingBody": {"ruling": _RULING, "effective_at": _LATER, "undo_until": _LATER},
    "SnoozeInputRequest": {"until": _TOMORROW},
    "ReasonInputRequest": {"reason": "wrong person"},
    "BulkInputRequest": {
        "filter": {"room": _ROOM, "origin": "hold", "state": "open"},
        "ruling": _PROPOSAL,
        "dry_run": True,
    },
    "BulkBody": _BULK,
    "BulkPage": _page(_BULK),
}

_WRITTEN = {
    "name": "Relatos",
    "position": 2,
    "filter": {"origin": ["report"], "min_priority": 5},
    "groups": ["senior moderator"],
    "measures": ["allow", "remove", "warning", "mute"],
    "target_seconds": 86_400,
}
_QUEUE = _WRITTEN | {
    "id": PATH_IDS["queue_id"],
    "title": "Relatos",
    "open_count": 3,
    "oldest_seconds": 5_400,
}
_QUEUES: dict[str, Any] = {
    "QueueInputRequest": _WRITTEN,
    "QueueChangeRequest": {"target_seconds": 7_200},
    "QueueBody": _QUEUE,
    "QueueList": {"results": [_QUEUE]},
}

_SANCTION = EXAMPLE | {
    "id": PATH_IDS["sanction_id"],
    "decision": PATH_IDS["ruling_id"],
    "appeal_path": _APPEAL_PATH,
    "policy": "",
    "category": "",
    "user": _PERSON,
    "actor": _MODERATOR,
    "ruling": PATH_IDS["ruling_id"],
    "lifted_by": None,
    "end_changed_by": None,
    "lift_reason": "",
}
_MEASURES: dict[str, Any] = {
    "StaffSanctionBody": _SANCTION,
    "StaffSanctionPage": _page(_SANCTION),
    "LiftInputRequest": {"reason": "misunderstanding"},
    "TermInputRequest": {"until": _TOMORROW, "reason": "harassment"},
    "MeasuresBody": {
        "room": _ROOM,
        "frozen_until": None,
        "newcomers_wait_until": None,
        "slow_mode_until": _TOMORROW,
        "slow_mode_seconds": 30,
    },
}

_REPORT = {
    "id": PATH_IDS["report_id"],
    "subject_type": "message",
    "subject": _MESSAGE,
    "room": _ROOM,
    "category": "harassment",
    "comment": "É sobre mim.",
    "state": "open",
    "outcome": None,
    "created_at": _TIME,
    "decided_at": None,
    "appealable": False,
    "appeal_until": None,
    "appeal": None,
}
_SUSPENSION = {
    "id": PATH_IDS["suspension_id"],
    "user": _PERSON,
    "reason": "false_reports",
    "public_note": "Nine of ten reports were about nothing.",
    "created_at": _TIME,
    "ends_at": _TOMORROW,
    "lifted_at": None,
    "lift_reason": "",
    "decided_reports": 10,
    "rejected_reports": 9,
}
_REPORTS: dict[str, Any] = {
    "ReportView": _REPORT,
    "ReportPage": _page(_REPORT),
    "SuspensionBody": _SUSPENSION,
    "SuspensionPage": _page(_SUSPENSION),
    "SuspensionInputRequest": {
        "user": _PERSON["id"],
        "term_seconds": 86_400,
        "reason": _SUSPENSION["reason"],
        "public_note": _SUSPENSION["public_note"],
    },
    "SuspensionLiftInputRequest": {"reason": "misunderstanding"},
    "BlockPage": _page({"user": _PERSON, "created_at": _TIME}),
    "BlockInputRequest": {"user": _PERSON["id"]},
}

_OWN = {
    "id": PATH_IDS["appeal_id"],
    "decision": PATH_IDS["ruling_id"],
    "decision_type": "ruling",
    "text": "Era uma piada entre amigos.",
    "state": "open",
    "outcome": None,
    "explanation": "",
    "public_note": "",
    "created_at": _TIME,
    "due_at": _TOMORROW,
    "decided_at": None,
}
_SEEN = {name: value for name, value in _OWN.items() if name != "explanation"} | {
    "subject_type": "message",
    "subject": _MESSAGE,
    "room": _ROOM,
    "appellant": _PERSON,
    "case": _CASE_ID,
    "outcome": "",
    "reason": "",
}
_DECISION = {
    "id": PATH_IDS["ruling_id"],
    "type": "ruling",
    "by": "moderation",
    "subject_type": "message",
    "subject": _MESSAGE,
    "room": _ROOM,
    "outcome": "removed",
    "reason": "harassment",
    "categories": ["harassment"],
    "explanation": "A moderator removed this message. Reason: harassment. A person of the "
    "moderation decided this. The guidelines: /regras/#harassment. You can appeal until "
    "2027-05-27.",
    "guideline": "/regras/#harassment",
    "resources": [],
    "public_note": _PROPOSAL["public_note"],
    "sanctions": [],
    "decided_at": _TIME,
    "ends_at": None,
    "is_reversed": False,
    "appealable": True,
    "appeal_until": _UNTIL_APPEAL,
    "appeal_path": _APPEAL_PATH,
    "appeal": None,
}
_APPEALS: dict[str, Any] = {
    "AppealView": _OWN,
    "AppealBody": _SEEN,
    "AppealPage": _page(_SEEN) | {"counts": {"open": 2, "overdue": 1}},
    "OwnAppealPage": _page(_OWN),
    "AppealDecisionInputRequest": {
        "outcome": "overturned",
        "reason": "joke",
        "public_note": "Desculpe: era uma piada.",
    },
    "DecisionPage": _page(_DECISION),
}


BODIES: dict[str, Any] = {
    **_CASES,
    **purge_examples.BODIES,
    **_QUEUES,
    **_MEASURES,
    **_REPORTS,
    **_APPEALS,
    **notices.BODIES,
}
