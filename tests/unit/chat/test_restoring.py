"""The lifecycle input that brings a deleted message back."""

import pytest

from moderado.chat.events import ChangeKind, Notice
from moderado.chat.lifecycle import transition
from moderado.chat.states import Deleted, Phase, Restored, State

STANDING = [
    State(Phase.PENDING),
    State(Phase.UNJUDGED, is_published=True),
    State(Phase.APPROVED, is_published=True),
    State(Phase.HELD),
    State(Phase.REJECTED),
    State(Phase.APPROVED, 1, Phase.PENDING, 2, is_published=True),
    State(Phase.UNJUDGED, 1, Phase.HELD, 2, is_published=True),
    State(Phase.APPROVED, 2, Phase.REJECTED, 5, is_published=True),
]


@pytest.mark.parametrize("state", STANDING)
def test_restored_message_is_as_it_was(state):
    removed = transition(state, Deleted())
    step = transition(removed.state, Restored(state.phase, state.edit, state.edit_revision))

    assert step.state == state
    assert step.restores == state.edit_revision == sum(each.revision for each in removed.keeps)
    assert step.change == (ChangeKind.UPDATED if state.is_visible else None)
    assert step.requeues is (state.awaits is not None)
    assert (step.notice is None) is state.is_visible


def test_author_hears_of_what_only_they_see():
    removed = transition(State(Phase.HELD), Deleted()).state

    assert transition(removed, Restored(Phase.HELD)).notice is Notice.HELD


@pytest.mark.parametrize("state", STANDING)
def test_message_that_was_not_removed_stays(state):
    step = transition(state, Restored(Phase.APPROVED))

    assert (step.is_applied, step.state) == (False, state)
