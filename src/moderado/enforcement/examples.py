"""Examples of what enforcement tells one person, for the AsyncAPI document."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from moderado.enforcement.views import AppealView, DecisionView, SanctionView, SuspensionView

_AT = datetime(2026, 11, 22, 12, 0, 0, 12345, tzinfo=UTC)
_TOMORROW, _UNTIL = _AT + timedelta(days=1), _AT + timedelta(days=180)
_RULING = UUID("0199b1d3-5c7e-7f40-a132-3d5f709c1e20")
_ROOM = UUID("0199a6d2-11f0-7b52-9c44-7d1e52a90c11")
_PATH = f"/api/me/decisions/{_RULING}/appeal/"
_NOTE = "Critique ideias, não pessoas."

SANCTION = SanctionView(
    id=UUID("0199b1d6-8fa1-7273-9465-6082a3bf4153"),
    kind="mute",
    room=_ROOM,
    reason="harassment",
    explanation="A moderator has muted you: you may read, not write. Reason: harassment.",
    note=_NOTE,
    automatic=False,
    starts_at=_AT,
    ends_at=_TOMORROW,
    ended_at=None,
    state="active",
    points=None,
    threshold=None,
    cause=None,
    decision=_RULING,
    appealable=True,
    appeal_until=_UNTIL,
    appeal_path=_PATH,
)

SUSPENSION = SuspensionView(
    id=UUID("0199b1d7-90b2-7384-a576-7193b4c05264"),
    reason="false_reports",
    explanation="You may not report for a time.",
    public_note="Nine of ten reports were about nothing.",
    ends_at=_TOMORROW,
    lifted_at=None,
)

APPEAL = AppealView(
    id=UUID("0199b1d1-3a5c-7d2e-8f10-1b3d5f7a9c0e"),
    decision=_RULING,
    decision_type="ruling",
    text="Era uma citação.",
    state="decided",
    outcome="overturned",
    explanation="Your appeal was granted: the decision has no consequences any more.",
    public_note="",
    created_at=_AT,
    due_at=_AT + timedelta(days=7),
    decided_at=_TOMORROW,
)

DECISION = DecisionView(
    id=_RULING,
    type="ruling",
    by="moderation",
    subject_type="message",
    subject=UUID("0199b1c0-5a34-7c1e-8a0e-3f5d0d6a1b2c"),
    room=_ROOM,
    outcome="removed",
    reason="harassment",
    categories=("harassment",),
    explanation="A moderator has removed your message. Reason: harassment.",
    public_note=_NOTE,
    sanctions=(),
    decided_at=_AT,
    ends_at=None,
    is_reversed=False,
    appealable=True,
    appeal_until=_UNTIL,
    appeal_path=_PATH,
    appeal=None,
)
