"""Invariants of the lifecycle under random sequences of inputs."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from moderado.chat.events import ChangeKind
from moderado.chat.states import (
    VISIBLE,
    WAITING,
    Deleted,
    Edited,
    Mode,
    Phase,
    Posted,
    Ruling,
    Verdict,
)
from moderado.moderation.types import Outcome
from tests.lifecycle_model import ModelMessage

REVISIONS = st.integers(1, 6)


def status(phase):
    return Phase.APPROVED if phase in VISIBLE else phase


class Conversation(RuleBasedStateMachine):
    """One message, its author, its moderators and its provider, in any order."""

    @initialize(mode=st.sampled_from(Mode))
    def post(self, mode):
        self.mode = mode
        self.message = ModelMessage()
        self.message.apply(Posted(mode))
        self.newest = 1

    @rule(mode=st.sampled_from(Mode))
    def change_mode(self, mode):
        self.mode = mode

    @precondition(lambda self: self.message.state.phase is not Phase.REMOVED)
    @rule()
    def edit(self):
        before = self.message.state

        after = self.message.apply(Edited(self.mode)).state

        self.newest += 1
        assert after.newest == self.newest, "a revision number is used twice"
        assert after.is_visible or not before.is_visible, "an edit hides what the room sees"

    @rule(revision=REVISIONS, outcome=st.sampled_from(Outcome))
    def judge_any_revision(self, revision, outcome):
        self.judge(revision, outcome)

    @precondition(lambda self: self.message.state.awaits)
    @rule(outcome=st.sampled_from(Outcome))
    def judge_the_awaited_revision(self, outcome):
        self.judge(self.message.state.awaits, outcome)

    def judge(self, revision, outcome):
        before, state = self.message.revisions, self.message.state
        is_in_row = revision in {state.revision, state.edit_revision}
        step = self.message.apply(Verdict(revision, outcome))
        assert step.is_applied == (is_in_row and before[revision] in WAITING)
        self.check_others(revision, before)

    @rule(revision=REVISIONS, outcome=st.sampled_from((Outcome.ALLOW, Outcome.BLOCK)))
    def decide(self, revision, outcome):
        before = self.message.revisions
        step = self.message.apply(Ruling(revision, outcome))
        in_row = revision in {self.message.state.revision, self.message.state.edit_revision}
        if in_row and step.is_applied:
            assert (self.message.revisions[revision] in VISIBLE) == (outcome is Outcome.ALLOW)
        self.check_others(revision, before)

    @rule()
    def delete(self):
        was_visible = self.message.state.is_visible
        step = self.message.apply(Deleted())
        assert self.message.state.phase is Phase.REMOVED
        assert (step.change is ChangeKind.REMOVED) == was_visible

    def check_others(self, named, before):
        """A verdict or ruling changes the status of no other revision. A revert shows one again
        that was shown before, which may have to be judged first."""
        for revision, phase in self.message.revisions.items():
            if revision != named:
                assert status(phase) == status(before[revision]), f"{named} changed {revision}"

    @invariant()
    def a_blocked_revision_is_never_visible(self):
        if self.message.state.is_visible:
            assert self.message.state.revision not in self.message.blocked

    @invariant()
    def what_waits_is_queued(self):
        in_row = {self.message.state.phase, self.message.state.edit}
        assert (self.message.state.awaits is not None) == bool(in_row & WAITING)

    @invariant()
    def a_blocked_revision_is_not_acceptable(self):
        if self.message.state.phase is not Phase.REMOVED:
            for revision in self.message.blocked:
                assert not self.message.history.is_acceptable(revision)

    @invariant()
    def an_edit_has_the_higher_number(self):
        if self.message.state.edit:
            assert self.message.state.edit_revision > self.message.state.revision

    def teardown(self):
        """Whatever waits at the end is judged after finitely many verdicts."""
        for _ in range(self.newest + 1):
            if not self.message.state.awaits:
                return
            self.judge(self.message.state.awaits, Outcome.BLOCK)
        raise AssertionError("something waits for ever")


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=300, stateful_step_count=30)
