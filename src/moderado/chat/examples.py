"""Examples for the OpenAPI and AsyncAPI documents, as values of the types that they illustrate."""

from datetime import UTC, datetime
from uuid import UUID

from moderado.chat.types import Author, LastMessage, MessageView, NameChange
from moderado.chat.views import LeftRoom, OwnChanges, OwnCursor, Profile, RoomView
from moderado.enforcement.views import ReportView

REFUSED = MessageView(
    id=UUID("0199b1c0-5a34-7c1e-8a0e-3f5d0d6a1b2c"),
    room=UUID("0199a6d2-11f0-7b52-9c44-7d1e52a90c11"),
    client_id=None,
    author=Author(UUID("01998f00-0a6b-7e0c-b1de-5f0a7c9d2e43"), "Ana", "MEMBER"),
    content="…",
    status="REJECTED",
    revision=1,
    position=41,
    seq=0,
    reply_to=None,
    created_at=datetime(2026, 11, 22, 12, 0, 0, 12345, tzinfo=UTC),
    edited_at=None,
    published_at=None,
    reason="policy",
    categories=("harassment",),
    explanation="This message is not shown: an automatic check found harassment.",
    appealable=False,
)

CURSOR = "lMQIgfXvX0a1Xr3NBzrNBzrZJGZmZmZm"

DECIDED = ReportView(
    id=UUID("0199b4d2-7c10-7a53-9e21-4f6b8c0d1e2f"),
    subject_type="message",
    subject=UUID("0199b3aa-2f40-7d11-8b7e-6c5d4e3f2a1b"),
    room=UUID("0199a6d2-11f0-7b52-9c44-7d1e52a90c11"),
    category="harassment",
    comment="",
    state="decided",
    outcome="action_taken",
    created_at=datetime(2026, 11, 21, 9, 30, 0, 4711, tzinfo=UTC),
    decided_at=datetime(2026, 11, 22, 11, 58, 0, 815, tzinfo=UTC),
    appealable=False,
    appeal_until=None,
    appeal=None,
)

PROFILE = Profile(
    id=REFUSED.author.id,
    name="Ana Lima",
    shown_name="Ana",
    name_change=NameChange(
        name="Ana Lima",
        revision=2,
        status="PENDING",
        reason=None,
        categories=(),
        explanation=None,
        appealable=False,
    ),
    email="ana@example.org",
    language="pt-br",
    is_staff=False,
)

ROOM = RoomView(
    id=REFUSED.room,
    name="Boas-vindas",
    shown_name="Boas-vindas",
    name_change=None,
    is_private=False,
    moderation_mode="pre",
    audience="mixed",
    created_at=REFUSED.created_at,
    participants_count=2,
    unread_count=3,
    role="ADMIN",
    last_activity_at=REFUSED.created_at,
    last_message=LastMessage(
        id=UUID("0199b0a1-3f20-7e55-8d0c-9b1a2c3d4e5f"),
        author=Author(REFUSED.author.id, "Ana", "ADMIN"),
        content="bom dia, gente",
        published_at=REFUSED.created_at,
    ),
    frozen_until=None,
    newcomers_wait_until=None,
    newcomers_after=None,
    slow_mode=None,
)

LEFT = LeftRoom(UUID("0199a6d2-2b71-7f04-8e15-5c3b9a7d6e42"))

OWN_CHANGES = OwnChanges(
    me=OwnCursor(CURSOR),
    reset=False,
    more=False,
    messages=(REFUSED,),
    profile=PROFILE,
    rooms=(ROOM,),
    left_rooms=(LEFT,),
    reports=(DECIDED,),
)
