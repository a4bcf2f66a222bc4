"""Restricted cases with everything that is stored beside them, each with the word `CANARY`."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from moderado.accounts.models import User
from moderado.chat.models import Message
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    CaseNote,
    LegalHold,
    Notice,
    Report,
    Ruling,
    Sanction,
)
from moderado.enforcement.services import claiming, rulings
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.evidence import make_evidence_of_case
from moderado.enforcement.services.hash_bank import bank_message
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.restricted_looks import audit_views
from moderado.enforcement.types import Actor, ContentOutcome, MeasureScope, SanctionKind
from moderado.moderation.models import (
    BankedText,
    Case,
    Evaluation,
    ModerationLog,
    ProviderCall,
    ShadowResult,
    SubjectRevision,
)
from moderado.moderation.services.recording import record
from moderado.moderation.types import Category, Content, Outcome, Verdict
from tests.factories import make_message, make_notice
from tests.security.scene import Scene

CANARY = "xicrinha"
LONG = f"{CANARY} um texto comprido o bastante para o banco de textos"
_DANGER = Verdict(
    outcome=Outcome.HOLD,
    score=0.9,
    decided_by="blocklist",
    categories={Category.CHILD_SAFETY: 0.9},
)
_MODELS = (
    Case, ModerationLog, CaseNote, Report, Ruling, Sanction, Appeal, Notice, LegalHold, BankedText,
    ProviderCall, ShadowResult, SubjectRevision, Message, AuditLine,
)  # fmt: skip


class Danger:
    """A held message, a decided one and a name. `ids` has what was stored, by model."""

    def __init__(self, scene: Scene, trusted: User) -> None:
        before = {model: set(model.objects.values_list("pk", flat=True)) for model in _MODELS}
        self._scene, self._actor = scene, _actor(trusted)
        self.author = scene.people["member"]
        self.message, self.case = self._held(CANARY)
        self.decided, self.decided_case = self._held(LONG)
        self.name_case = self._name()
        self._pointed_at()
        self.ruling = self._rule()
        self._looked_at()
        self.ids = {
            model: set(model.objects.values_list("pk", flat=True)) - before[model]
            for model in _MODELS
        }

    def words(self) -> set[str]:
        """Return the word and each id that betrays a case."""
        return {CANARY, *(str(each) for ids in self.ids.values() for each in ids)}

    def _held(self, text: str) -> tuple[Message, Case]:
        message = make_message(
            self._scene.room, author=self.author, status=Message.Status.HELD, text=text
        )
        case = _record("message", message.id, text, self._scene.room.id, self.author.id)
        return message, case

    def _name(self) -> Case:
        user = self.author
        SubjectRevision.objects.create(
            subject_type="user_name", subject_id=user.id, revision=1, text=CANARY, author=user
        )
        return _record("user_name", user.id, CANARY, None, user.id)

    def _pointed_at(self) -> None:
        """Add a report, a note, a notice, and what providers and shadows said."""
        Report.objects.create(
            reporter=self._scene.other, subject_type="message", subject_id=self.message.id,
            revision=1, category="child_safety", case=self.case, comment=CANARY, state="open",
            scope_id=self._scene.room.id,
        )  # fmt: skip
        claiming.write_note(actor=self._actor, case_id=self.case.id, text=CANARY)
        make_notice(
            name=CANARY, text=CANARY, case=self.case, state="open", category="child_safety",
            due_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
        named = {"subject_type": "message", "subject_id": self.message.id, "revision": 1}
        ProviderCall.objects.create(provider="remote", state="answered", response={}, **named)
        line = ModerationLog.objects.get(subject_id=self.message.id)
        ShadowResult.objects.create(
            policy="house", policy_version=1, provider="remote", version="1", line_id=line.id,
            scope_id=self._scene.room.id, decided="HOLD", outcome="HOLD",
            decided_categories=["child_safety"], categories=["child_safety"], **named,
        )  # fmt: skip
        example = {
            "subject_type": "message", "subject": str(self.message.id), "revision": 1,
            "before": "HOLD", "after": "ALLOW", "line": str(line.id),
        }  # fmt: skip
        Evaluation.objects.filter(pk=self._scene.evaluation).update(results={"examples": [example]})

    def _rule(self) -> Ruling:
        """Rule with a strike and a mute, and appeal it."""
        proposal = rulings.Proposal(
            content=ContentOutcome.REMOVE, reason="child_safety", public_note=CANARY,
            private_note=CANARY,
            measures=[
                Measure(kind=kind, scope=MeasureScope.ROOM)
                for kind in (SanctionKind.STRIKE, SanctionKind.MUTE)
            ],
        )  # fmt: skip
        ruling = rulings.rule(actor=self._actor, case_id=self.decided_case.id, proposal=proposal)
        Ruling.objects.filter(pk=ruling.pk).update(undo_until=timezone.now(), settled_at=Now())
        appeal_decision(user_id=self.author.id, decision_id=ruling.id, text=CANARY)
        return ruling

    def _looked_at(self) -> None:
        """Bank and pack the text, which leaves holds and audit lines."""
        bank_message(actor_id=self._actor.id, message_id=self.decided.id, order="Ofício")
        make_evidence_of_case(actor=self._actor, case_id=self.case.id).content.close()
        audit_views(actor_id=self._actor.id, cases=[self.case])


def _actor(user: User) -> Actor:
    return Actor(id=user.id, scope_ids=None, sees_restricted=True)


def _record(kind: str, subject_id: UUID, text: str, scope_id: UUID | None, author: UUID) -> Case:
    content = Content(
        subject_type=kind, subject_id=subject_id, revision=1, text=text, scope_id=scope_id,
        author_id=author,
    )  # fmt: skip
    with transaction.atomic():
        record([(content, _DANGER)])
    return Case.objects.get(subject_type=kind, subject_id=subject_id)
