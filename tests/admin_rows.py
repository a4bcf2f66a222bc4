"""Rows of every model of the admin."""

from datetime import timedelta
from itertools import cycle

from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from moderado.accounts.models import ApiKey, Invitation, Session
from moderado.accounts.types import Scope
from moderado.chat.models import Membership, Message, Revision, Room
from moderado.core.ids import new_id
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    BulkRuling,
    Erasure,
    Export,
    LegalHold,
    NoticeMail,
    PersonBlock,
    Purge,
    Queue,
    Report,
    ReportingSuspension,
    RetentionRun,
    Ruling,
    Sanction,
)
from moderado.moderation.labels import STEPS
from moderado.moderation.models import (
    BankedText,
    Case,
    Evaluation,
    ModerationLog,
    Policy,
    PolicyAssignment,
    PolicyChange,
    PolicyVersion,
    ProviderCall,
    ProviderHealth,
    ShadowResult,
    SubjectRevision,
    SuggestedScore,
)
from moderado.moderation.services.policy_assignments import ROOM_TYPES
from moderado.moderation.types import Category, CloseReason, Outcome, Reason
from tests.factories import (
    make_member,
    make_message,
    make_notice,
    make_room,
    make_user,
)

STRIKES = {
    "window_days": 30,
    "weights": {"hate": 3},
    "thresholds": [{"points": 3, "sanction": "mute", "term_seconds": 86_400}],
}


def make_rows() -> None:
    """Create rows of every model, which together have every value that the admin names."""
    author = make_user(name="Zeca", email="zeca@zz.example")
    room = make_room(name="Zona", created_by=author, deleted_at=timezone.now())
    for role, mode in zip(cycle(Membership.Role), Room.Mode, strict=False):
        other = make_room(name="Zona", created_by=author, moderation_mode=mode, is_private=True)
        make_member(other, user=author, role=role)
    message = make_messages(author, room)
    Session.objects.create(
        user=author, user_agent="zz", expires_at=timezone.now(), ended_at=timezone.now()
    )
    Invitation.objects.create(
        digest=b"z" * 32, note="zz", created_by=author, expires_at=timezone.now(),
        used_at=timezone.now(), used_by=author,
    )  # fmt: skip
    key = ApiKey.objects.create(
        name="zz", scopes=list(Scope), digest=b"k" * 32, hint="zz", created_by=author,
        last_used_at=timezone.now(), revoked_at=timezone.now(), revoked_by=author,
    )  # fmt: skip
    SuggestedScore.objects.create(
        api_key=key, text="zz", scores={"zz": 1}, languages=["zz"], community="zz"
    )
    make_policies(author, room)
    make_cases(author, room, message)
    make_judgements(author, room)
    make_measures(author, room)
    make_orders(author, room)
    Group.objects.create(name="zz").permissions.set(Permission.objects.all())


def make_policies(author, room):
    policy = Policy.objects.create(name="zz")
    version = PolicyVersion.objects.create(
        policy=policy,
        number=1,
        author=author,
        reason="zz",
        document={"name": "zz", "strikes": STRIKES},
    )
    Policy.objects.update(enabled=version)
    PolicyAssignment.objects.create(policy=policy, scope_id=room.id)
    for room_type in ROOM_TYPES:
        PolicyAssignment.objects.create(policy=policy, room_type=room_type)
    for outcome in Outcome:
        ShadowResult.objects.create(
            policy="zz", policy_version="1", version="2", line_id=new_id(), subject_type="message",
            subject_id=new_id(), revision=1, scope_id=room.id, decided=outcome, outcome=outcome,
            categories=list(Category), decided_categories=list(Category), error="zz",
        )  # fmt: skip
    for kind, state in zip(Evaluation.Kind, cycle(Evaluation.State), strict=False):
        Evaluation.objects.create(
            kind=kind, state=state, policy=policy, version=version, since=timezone.now(),
            until=timezone.now(), requested_by=author, done=1, total=2,
            results={"equal": 1, "causes": {"no_policy": 1}, "changes": {"ALLOW>HOLD": 1}},
        )  # fmt: skip
    for action in PolicyChange.Action:
        PolicyChange.objects.create(
            policy=policy, action=action, version=version, actor=author, reason="zz"
        )


def make_messages(author, room):
    for status, reason in zip(cycle(Message.Status), Reason, strict=False):
        message = make_message(
            room, author=author, text="zz", status=status, reason=reason, edit_text="zz",
            edit_status=status, edit_revision=2, edit_reason=reason, categories=list(Category),
        )  # fmt: skip
        Revision.objects.create(message=message, revision=1, text="zz", status=status)
    return message


def make_cases(author, room, message):
    subjects = [("message", message.id), ("user_name", author.id), ("room_name", room.id)]
    ends = [
        ("open", "", ""),
        *(("decided", outcome, "") for outcome in (Outcome.ALLOW, Outcome.BLOCK)),
        *(("closed", "", reason) for reason in CloseReason),
    ]
    for number, (kind, subject_id), origin, end in zip(
        range(1, 7), cycle(subjects), cycle(Case.Origin), ends, strict=False
    ):
        state, outcome, close_reason = end
        Case.objects.create(
            subject_type=kind, subject_id=subject_id, revision=number, scope_id=room.id,
            text="zz", author=author, categories=list(Category), claimed_by=author, origin=origin,
            claimed_until=timezone.now(), state=state, outcome=outcome, close_reason=close_reason,
        )  # fmt: skip


def make_judgements(author, room):
    for reason, outcome, step in zip(Reason, cycle(Outcome), cycle(STEPS), strict=False):
        ModerationLog.objects.create(
            subject_type="message", subject_id=new_id(), revision=1, scope_id=room.id,
            verdict=outcome, reason=reason, decided_by=step, actor=author,
            categories=dict.fromkeys(Category, 0.5),
        )  # fmt: skip
    for status, kind in zip(
        SubjectRevision.Status, cycle(["user_name", "room_name"]), strict=False
    ):
        SubjectRevision.objects.create(
            subject_type=kind, subject_id=new_id(), revision=1, author=author, text="zz",
            status=status, reason="policy", categories=list(Category),
        )  # fmt: skip
    for state in ProviderCall.State:
        ProviderCall.objects.create(
            subject_type="message", subject_id=new_id(), revision=1, provider="zz", state=state
        )
    ProviderHealth.objects.create(provider="zz", open_until=timezone.now())


def make_measures(author, room):
    """Create rows of enforcement. Each state costs many requests, so that only labels vary."""
    case = Case.objects.first()
    now, zz = timezone.now(), {"reason": "zz", "public_note": "zz"}
    queue = Queue.objects.create(
        name="zz", filter={"room": [str(room.id)]}, measures=["remove", "mute"]
    )
    queue.groups.set([Group.objects.create(name="zona")])
    bulk = BulkRuling.objects.create(
        actor=author, filter={"zz": "zz"}, ruling={"zz": "zz"}, reversed_by=author,
        reversal_reason="zz",
    )  # fmt: skip
    ruling = Ruling.objects.create(
        case=case, subject_type="message", subject_id=case.subject_id, revision=1,
        scope_id=room.id, author=author, actor=author, content="remove", private_note="zz",
        effective_at=now, undo_until=now, bulk=bulk, **zz,
    )  # fmt: skip
    Sanction.objects.create(
        user=author, kind="slow", scope_id=room.id, actor=author, ruling=ruling, lifted_at=now,
        lifted_by=author, lift_reason="zz", ends_at=now, end_changed_at=now, end_changed_by=author,
        end_reason="zz", **zz,
    )  # fmt: skip
    Sanction.objects.create(user=author, kind="mute", actor=author, **zz)  # in force
    Report.objects.create(
        reporter=author, subject_type="person", subject_id=new_id(), revision=1, case=case,
        category="hate", comment="zz", state="decided", outcome="no_action",
    )  # fmt: skip
    ReportingSuspension.objects.create(
        user=author, actor=author, ends_at=now + timedelta(days=1), decided_reports=1,
        rejected_reports=1, **zz,
    )  # fmt: skip
    for state, outcome in (("open", ""), ("decided", "overturned")):
        Appeal.objects.create(
            appellant=author, decision_type="suspension", decision_id=new_id(),
            subject_type="person", subject_id=author.id, scope_id=room.id, text="zz",
            first_decider=author, due_at=now, state=state, outcome=outcome,
        )  # fmt: skip
    PersonBlock.objects.create(blocker=author, blocked=make_user(name="Zona"))
    LegalHold.objects.create(
        subject_type="user", subject_id=author.id, author=author, reference="zz", actor=author
    )
    Erasure.objects.create(user=author, requested_by=author, state="held", due_at=now)
    Export.objects.create(user=author, state="ready")
    RetentionRun.objects.create(counts={"zz": 1}, cutoffs={"zz": "zz"})
    AuditLine.objects.create(
        action="zz", details={"zz": "zz"}, subject_type="moderationlog", subject_id=author.id
    )


def make_orders(author, room):
    """Create what moderators and orders remove, and what asks for it from outside."""
    now = timezone.now()
    Purge.objects.create(
        actor=author, user=author, scope_id=room.id, since=now, reason="zz", public_note="zz",
        counts=[{"room": str(room.id), "status": "APPROVED", "count": 1}], reversed_by=author,
        reversal_reason="zz", finished_at=now,
    )  # fmt: skip
    for state, outcome in (("open", ""), ("decided", "action_taken")):
        notice, _ = make_notice(
            protocol="z" * len(state), name="zz", reference="zz", text="zz", language="zz",
            state=state, outcome=outcome,
        )  # fmt: skip
        NoticeMail.objects.create(notice=notice, kind="receipt", next_attempt_at=now)
    BankedText.objects.create(
        reference="zz", digests=["zz"], subject_type="message", subject_id=new_id(), actor=author
    )
