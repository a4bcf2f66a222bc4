"""Examples of frames for the AsyncAPI document: one of each."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import asdict, replace

from moderado.accounts.types import Person
from moderado.chat.examples import CURSOR, DECIDED, OWN_CHANGES, REFUSED
from moderado.chat.views import OwnCursor
from moderado.enforcement.examples import APPEAL, DECISION, SANCTION, SUSPENSION
from moderado.realtime.wire import appeal_frames, case_frames, person_frames, protocol
from moderado.realtime.wire.user_ref import UserRef

_ROOM, _ID, _TEXT, _CLIENT_ID = REFUSED.room, REFUSED.id, "bom dia, gente", "c-1"
_EPOCH = UUID("5b0ec1d2-6f3a-4b7c-8d9e-0f1a2b3c4d5e")
_PERSON, _USER = Person(REFUSED.author.id, REFUSED.author.name), UserRef(REFUSED.author.id)
_NOT_SHOWN = {name: getattr(REFUSED, name) for name in ("reason", "categories", "explanation")}
_UNDECIDED = dict.fromkeys((*_NOT_SHOWN, "appealable"), msgspec.UNSET)
_PENDING = replace(REFUSED, content=_TEXT, client_id=_CLIENT_ID, status="PENDING", **_UNDECIDED)
_PUBLIC = replace(
    _PENDING,
    client_id=msgspec.UNSET,
    status="APPROVED",
    position=42,
    seq=42,
    published_at=REFUSED.created_at,
)
_STATE: dict[str, Any] = {"room": _ROOM, "seq": 42, "epoch": _EPOCH}
_LISTENED = _STATE | {"moderation_mode": "pre", "present": (_USER.id,)}
_CASE: dict[str, Any] = {
    "case": UUID("0199b1c4-77aa-7d10-9c2b-1f0e9d8c7b6a"),
    "queue": UUID("0199b1d4-6d8f-7051-b243-4e60819d2f31"),
    "room": _ROOM,
    "origin": "hold",
    "open_count": 7,
    "queue_open_count": 3,
    "queue_oldest_seconds": 5_400,
}
_APPEAL: dict[str, Any] = {
    "appeal": APPEAL.id,
    "decision_type": "ruling",
    "room": _ROOM,
    "case": None,
    "open_count": 2,
    "overdue_count": 0,
}
_HELD = _NOT_SHOWN | {"reason": "review"}

_CLIENT_FRAMES: tuple[msgspec.Struct, ...] = (
    protocol.Authenticate(token="eyJ…"),  # noqa: S106  (an example)
    protocol.ChatMessage(message=_TEXT, client_id=_CLIENT_ID, room=_ROOM),
    protocol.EditMessage(id=_ID, message=_TEXT),
    protocol.DeleteMessage(id=_ID),
    protocol.Subscribe(room=_ROOM, after=41, epoch=_EPOCH),
    protocol.Unsubscribe(room=_ROOM),
    protocol.Sync(room=_ROOM, after=41, epoch=_EPOCH, pending=(_CLIENT_ID,)),
    protocol.SyncMe(after=CURSOR),
    protocol.MarkRead(room=_ROOM, seq=42),
    protocol.Typing(room=_ROOM),
    protocol.Ping(n=7),
)
_SERVER_FRAMES: tuple[msgspec.Struct, ...] = (
    protocol.ConnectionEstablished(user=_PERSON, me=OwnCursor(CURSOR), **_LISTENED),
    protocol.Subscribed(**_LISTENED),
    protocol.MessageQueued(message=_PENDING),
    protocol.MessageShown(room=_ROOM, seq=42, message=_PUBLIC),
    protocol.MessageUpdated(
        room=_ROOM,
        seq=43,
        message=replace(_PUBLIC, revision=2, seq=43, edited_at=REFUSED.created_at),
    ),
    protocol.MessageRemoved(
        room=_ROOM, seq=44, message=replace(_PUBLIC, status="REMOVED", content="", seq=44)
    ),
    protocol.MessageRejected(message=REFUSED, appealable=False, **_NOT_SHOWN),
    protocol.MessageHeld(
        message=replace(REFUSED, status="HELD", **_HELD), appealable=False, **_HELD
    ),
    protocol.Synced(
        **_STATE, reset=False, more=False, messages=(_PUBLIC,), pending={_CLIENT_ID: None}
    ),
    protocol.SyncedMe(**asdict(OWN_CHANGES)),
    protocol.TypingShown(room=_ROOM, user=_PERSON),
    protocol.Read(room=_ROOM, user=_USER, seq=42),
    protocol.Presence(room=_ROOM, user=_USER, present=True),
    protocol.RoomChanged(
        room=_ROOM,
        name="Boas-vindas",
        is_private=False,
        moderation_mode="pre",
        audience="mixed",
    ),
    case_frames.CaseOpened(**_CASE),
    case_frames.CaseClaimed(**_CASE),
    case_frames.CaseDecided(**_CASE),
    case_frames.CaseClosed(**_CASE),
    case_frames.CaseChanged(**_CASE),
    case_frames.CaseAccessChanged(),
    appeal_frames.AppealOpened(**_APPEAL),
    appeal_frames.AppealOverdue(**_APPEAL | {"overdue_count": 1}),
    appeal_frames.AppealClosed(**_APPEAL | {"open_count": 1}),
    person_frames.ReportDecided(report=DECIDED),
    person_frames.DecisionMade(decision=DECISION),
    person_frames.DecisionReversed(
        decision=replace(DECISION, is_reversed=True, appealable=False, appeal=APPEAL)
    ),
    person_frames.MessagesPurged(decision=replace(DECISION, type="purge")),
    person_frames.AppealDecided(appeal=APPEAL),
    person_frames.ReportingSuspended(suspension=SUSPENSION),
    person_frames.ReportingRestored(suspension=replace(SUSPENSION, lifted_at=REFUSED.created_at)),
    person_frames.SanctionApplied(sanction=SANCTION),
    person_frames.SanctionChanged(
        sanction=replace(SANCTION, end_changed_at=SANCTION.starts_at, end_reason="harassment")
    ),
    person_frames.SanctionLifted(
        sanction=replace(SANCTION, state="lifted", ended_at=SANCTION.ends_at, appealable=False)
    ),
    person_frames.BlockChanged(user=_PERSON, is_blocked=True, created_at=REFUSED.created_at),
    protocol.Pong(n=7),
    protocol.Error(
        code="rate_limited",
        message="Too many requests. Wait a moment and try again.",
        error="Too many requests. Wait a moment and try again.",
        frame="chat_message",
        client_id=_CLIENT_ID,
        room=_ROOM,
        retry_after=12,
    ),
)
EXAMPLES = {type(frame): frame for frame in (*_CLIENT_FRAMES, *_SERVER_FRAMES)}
