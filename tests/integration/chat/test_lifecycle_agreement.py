"""The services with PostgreSQL and the pure lifecycle agree after every step."""

import random

import pytest
from django.db import transaction

from moderado.chat.events import AuthorNotified, ChangeKind, Notice, RoomsChanged
from moderado.chat.models import Message
from moderado.chat.services import claims, verdicts
from moderado.chat.services.removing import delete_message
from moderado.chat.states import Deleted, Edited, Mode, Phase, Posted, Ruling, Verdict
from moderado.moderation import types as moderation
from moderado.moderation.services.recording import record
from moderado.moderation.types import Content, Outcome
from tests.integration.chat.steps import edit, post, rule
from tests.lifecycle_model import ModelMessage

pytestmark = pytest.mark.django_db

STEPS = 15


class Both:
    """One message in PostgreSQL and in the model, changed by the same inputs."""

    def __init__(self, author, room, published, chance):
        self.chance, self.published, self.room = chance, published, room
        mode = self.change_mode()
        self.message = post(author, room, self.new_text())
        self.model = ModelMessage()
        self.compare(self.model.apply(Posted(mode)))
        if mode is Mode.OFF:
            self.model.judged.add(1)

    def new_text(self):
        return f"text {self.chance.random()}"

    def step(self):
        self.published.clear()
        weights = {self.edit: 4, self.judge: 5, self.rule: 4, self.change_mode: 1, self.delete: 0.2}
        (act,) = self.chance.choices([*weights], [*weights.values()])
        act()

    def edit(self):
        if self.model.state.phase is Phase.REMOVED:
            return
        mode = Mode(self.room.moderation_mode)
        edit(self.message, self.new_text())
        step = self.model.apply(Edited(mode))
        if mode is Mode.OFF:
            self.model.judged.add(step.state.revision)
        self.compare(step)

    def judge(self):
        """Judge the claimed revision, or any other one, which must have no effect."""
        outcome = self.chance.choice([*Outcome])
        with transaction.atomic():
            locked = claims.Claimant().claim()
            if not locked:
                return
            (message,) = locked
            content = verdicts.content_of(message)
            assert content.revision == self.model.state.awaits
            if self.chance.random() < 0.2:
                content = self.content(self.any_revision())
            verdict = moderation.Verdict(outcome=outcome, reason=moderation.Reason.POLICY)
            verdicts.apply([verdicts.Judged(message, content, verdict)])
        self.compare(self.model.apply(Verdict(content.revision, outcome)))

    def rule(self):
        outcome = self.chance.choice([Outcome.ALLOW, Outcome.BLOCK])
        content = self.content(self.any_revision())
        ruling = moderation.Verdict(outcome=outcome, decided_by="moderator")
        record([(content, ruling)], actor_id=self.message.author_id)
        rule(self.message, outcome, revision=content.revision)
        self.compare(self.model.apply(Ruling(content.revision, outcome)), is_by_person=True)

    def change_mode(self):
        mode = self.chance.choice([*Mode])
        self.room.moderation_mode = mode
        self.room.save()
        return mode

    def delete(self):
        delete_message(actor_id=self.message.author_id, message_id=self.message.id)
        self.compare(self.model.apply(Deleted()))

    def any_revision(self):
        return self.chance.randint(1, self.model.state.newest)

    def content(self, revision):
        return Content(
            subject_type="message", subject_id=self.message.id, revision=revision, text="text"
        )

    def compare(self, step, *, is_by_person=False):
        message = Message.objects.get(pk=self.message.pk)
        state = self.model.state
        assert (message.revision, message.edit_revision or 0) == (
            state.revision, state.edit_revision,
        )  # fmt: skip
        assert (message.status, message.edit_status) == (status(state.phase), status(state.edit))
        assert (message.published_at is not None) == state.is_published
        assert (message.queued_at is not None) == (state.awaits is not None)
        kept = message.revisions.values_list("revision", "status")
        assert sorted(kept) == sorted((each.revision, each.phase) for each in self.model.kept)
        assert len({*message.revisions.values_list("text", flat=True)}) == len(kept)
        assert self.changes() == ([step.change] if step.change else [])
        assert self.notices() == self.expected_notices(step, message, is_by_person=is_by_person)

    def expected_notices(self, step, message, *, is_by_person):
        """What a person shows is also told to connections that do not subscribe to the room."""
        if step.notice or not is_by_person:
            return [step.notice] if step.notice else []
        is_shown = step.change in {ChangeKind.PUBLISHED, ChangeKind.UPDATED}
        return [Notice.UPDATED if message.edited_at else Notice.PUBLISHED] if is_shown else []

    def changes(self):
        changed = [event for event in self.published if isinstance(event, RoomsChanged)]
        return [change.kind for event in changed for room in event.rooms for change in room.changes]

    def notices(self):
        return [event.notice for event in self.published if isinstance(event, AuthorNotified)]


def status(phase):
    return Phase.APPROVED if phase is Phase.UNJUDGED else phase


@pytest.mark.parametrize("seed", range(20))
def test_services_and_lifecycle_agree(alice, room, published, seed):
    both = Both(alice, room, published, random.Random(seed))

    for _ in range(STEPS):
        both.step()
