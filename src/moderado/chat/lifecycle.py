"""The life of a message as one pure transition table.

A message has a main revision and, while it is needed, an edit beside it: its `State`. Revisions
that were replaced are kept outside of it: its `History`. `transition` takes a state and an input
and returns the next state with its effects. It reads no clock and no database. Services load a
state, call `transition` and store the result: see `services.transitions` and ADR 0034.

Three invariants hold by construction:

- A verdict or a ruling selects the rule of the revision that it names, and changes no other.
- `State.awaits` is derived from the phases: what waits stays queued until it is judged.
- A blocked revision is never `History.is_acceptable`, the condition for showing it again. Only a
  ruling that allows this very revision can publish it.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec

from moderado.chat.events import ChangeKind, Notice
from moderado.chat.states import (
    NO_HISTORY,
    VISIBLE,
    Deleted,
    History,
    Input,
    Kept,
    Mode,
    Phase,
    Posted,
    Restored,
    Ruling,
    State,
    Transition,
    Undone,
    Verdict,
)
from moderado.moderation.types import Outcome

Move = Callable[[State, "Rule", History], Transition]


class Rule(msgspec.Struct, frozen=True):
    """One cell of the table. `PUBLISHED` becomes `UPDATED` if the message was public before."""

    move: Move
    phase: Phase
    change: ChangeKind | None = None
    notice: Notice | None = None


@lru_cache(maxsize=1024)  # nearly all messages take one of a few transitions: 0.3 us, not 1.5
def transition(state: State, happened: Input, history: History = NO_HISTORY) -> Transition:
    """Return what `happened` makes of `state`.

    Args:
        state: The message as it is; `NEW` before it is posted.
        happened: One input.
        history: Required if `needs_history(state, happened)`.
    """
    if isinstance(happened, _NAMING):
        columns = _VERDICT if isinstance(happened, Verdict) else _RULING
        column = columns[happened.outcome]
        if happened.revision == state.revision:
            rule = _MAIN[state.phase][column]
        elif happened.revision == state.edit_revision and state.edit:
            rule = _EDIT[state.edit][column]
        else:
            return _on_kept(state, happened, history)
    elif isinstance(happened, Deleted):
        rule = _AUTHOR[state.phase][_DELETED]
    elif isinstance(happened, Undone):
        return _undo(state, happened, history)
    elif isinstance(happened, Restored):
        return _restore(state, happened)
    elif isinstance(happened, Posted) == (state.phase is Phase.ABSENT):
        rule = _AUTHOR[state.phase][_WRITTEN[happened.mode]]
    else:
        rule = None
    return rule.move(state, rule, history) if rule else Transition(state, is_applied=False)


def needs_history(state: State, happened: Input) -> bool:
    """Whether the outcome depends on earlier revisions, which must be loaded then."""
    if isinstance(happened, Verdict):
        return (
            happened.outcome is Outcome.BLOCK
            and happened.revision == state.revision > 1
            and state.phase is Phase.UNJUDGED
        )
    if isinstance(happened, Undone):
        return happened.was_edit or happened.revision not in {state.revision, state.edit_revision}
    return isinstance(happened, Ruling) and happened.revision not in {
        state.revision,
        state.edit_revision,
    }


def _moved(
    before: State,
    after: State,
    rule: Rule,
    *,
    refused: int = 0,
    keeps: tuple[Kept, ...] = (),
    restores: int = 0,
) -> Transition:
    change = rule.change
    if change is ChangeKind.PUBLISHED and before.is_published:
        change = ChangeKind.UPDATED
    awaits = after.awaits
    requeues = awaits is not None and awaits != before.awaits
    return Transition(after, change, rule.notice, refused, keeps, restores, requeues=requeues)


def _set_main(state: State, rule: Rule, _: History) -> Transition:
    phase, revision = rule.phase, state.revision
    is_published = state.is_published or phase in VISIBLE
    after = State(phase, revision, state.edit, state.edit_revision, is_published)
    return _moved(state, after, rule, refused=revision if phase in _REFUSED else 0)


def _set_edit(state: State, rule: Rule, _: History) -> Transition:
    revision = state.edit_revision
    after = State(state.phase, state.revision, rule.phase, revision, state.is_published)
    return _moved(state, after, rule, refused=revision)


def _write(state: State, rule: Rule, _: History) -> Transition:
    """The new text becomes the main revision."""
    is_published = state.is_published or rule.phase in VISIBLE
    after = State(rule.phase, state.newest + 1, is_published=is_published)
    return _moved(state, after, rule, keeps=_kept_main(state) + _kept_edit(state))


def _write_beside(state: State, rule: Rule, _: History) -> Transition:
    """The new text waits beside the main revision, which stays visible."""
    after = State(state.phase, state.revision, rule.phase, state.newest + 1, state.is_published)
    return _moved(state, after, rule, keeps=_kept_edit(state))


def _promote(state: State, rule: Rule, _: History) -> Transition:
    """The edit becomes the main revision."""
    after = State(rule.phase, state.edit_revision, is_published=True)
    return _moved(state, after, rule, keeps=_kept_main(state))


def _revert(state: State, rule: Rule, history: History) -> Transition:
    """The newest acceptable earlier revision returns; without one, the message is taken down.

    The blocked revision stays beside it for its author, unless a newer edit is there already.
    """
    earlier = history.acceptable_before(state.revision)
    if not earlier:
        return _set_main(state, _TAKE_DOWN, history)
    phase = Phase.APPROVED if earlier in history.judged else Phase.UNJUDGED
    blocked, keeps = Kept(state.revision, rule.phase), _kept_edit(state)
    if keeps:
        after = State(phase, earlier, state.edit, state.edit_revision, is_published=True)
        return _moved(
            state, after, rule, refused=blocked.revision, keeps=(blocked,), restores=earlier
        )
    after = State(phase, earlier, blocked.phase, blocked.revision, is_published=True)
    return _moved(state, after, rule, refused=blocked.revision, restores=earlier)


def _delete(state: State, rule: Rule, _: History) -> Transition:
    after = State(rule.phase, state.revision, is_published=state.is_published)
    return _moved(state, after, rule, keeps=_kept_edit(state))


def _on_kept(state: State, happened: Verdict | Ruling, history: History) -> Transition:
    """A ruling on a revision to which the message could revert is remembered with it."""
    is_remembered = (
        isinstance(happened, Ruling)
        and state.phase is not Phase.REMOVED
        and history.is_acceptable(happened.revision)
    )
    if not is_remembered:
        return Transition(state, is_applied=False)
    return Transition(state, rejects=happened.revision if happened.outcome is Outcome.BLOCK else 0)


def _undo(state: State, happened: Undone, history: History) -> Transition:
    """Return the revision to its phase before the ruling, unless the ruling does not hold now."""
    revision, phase = happened.revision, happened.phase
    if revision == state.revision and state.phase in _RULED:
        is_shown = phase in VISIBLE
        change = None if is_shown is state.is_visible else _UNDO_CHANGES[is_shown]
        if happened.was_edit and state.phase is Phase.APPROVED:
            return _revert(state, Rule(_revert, phase, ChangeKind.UPDATED, _TOLD[phase]), history)
        return _set_main(state, Rule(_set_main, phase, change, _TOLD.get(phase)), history)
    if revision == state.edit_revision and state.edit in _RULED and phase in _TOLD:
        return _set_edit(state, Rule(_set_edit, phase, notice=_TOLD[phase]), history)
    was_kept = phase is Phase.APPROVED and Kept(revision, Phase.REJECTED) in history.kept
    if phase not in VISIBLE and history.is_acceptable(revision):
        return Transition(state, rejects=revision)  # nor may the message revert to it
    return Transition(state, is_applied=was_kept, accepts=revision if was_kept else 0)


def _restore(state: State, happened: Restored) -> Transition:
    """Bring a deleted message back. Its edit, which was kept as a revision, returns to the row."""
    if state.phase is not Phase.REMOVED or happened.phase in {Phase.ABSENT, Phase.REMOVED}:
        return Transition(state, is_applied=False)
    phase, edit, edit_revision = happened.phase, happened.edit, happened.edit_revision
    after = State(phase, state.revision, edit, edit_revision, state.is_published)
    change = ChangeKind.PUBLISHED if after.is_visible else None
    notice = None if after.is_visible else _TOLD[phase]
    return _moved(state, after, Rule(_set_main, phase, change, notice), restores=edit_revision)


def _kept_main(state: State) -> tuple[Kept, ...]:
    if state.phase is Phase.ABSENT:
        return ()
    return (Kept(state.revision, Phase.APPROVED if state.is_visible else state.phase),)


def _kept_edit(state: State) -> tuple[Kept, ...]:
    return (Kept(state.edit_revision, state.edit),) if state.edit else ()


_NAMING = (Verdict, Ruling)
_REFUSED = frozenset({Phase.HELD, Phase.REJECTED})
_RULED = frozenset({Phase.APPROVED, Phase.REJECTED})
_UNDO_CHANGES = {True: ChangeKind.PUBLISHED, False: ChangeKind.REMOVED}
# What the author is notified of when a revision is hidden again.
_TOLD = {
    Phase.PENDING: Notice.QUEUED,
    Phase.HELD: Notice.HELD,
    Phase.REJECTED: Notice.REJECTED,
}

_SHOW = Rule(_set_main, Phase.APPROVED, ChangeKind.PUBLISHED)
_CONFIRM = Rule(_set_main, Phase.APPROVED)
_HOLD = Rule(_set_main, Phase.HELD, notice=Notice.HELD)
_REJECT = Rule(_set_main, Phase.REJECTED, notice=Notice.REJECTED)
_TAKE_DOWN = Rule(_set_main, Phase.REJECTED, ChangeKind.REMOVED, Notice.REJECTED)
_REVERT = Rule(_revert, Phase.REJECTED, ChangeKind.UPDATED, Notice.REJECTED)

_QUEUE = Rule(_write, Phase.PENDING, notice=Notice.QUEUED)
_SHOW_FIRST = Rule(_write, Phase.UNJUDGED, ChangeKind.PUBLISHED, Notice.QUEUED)
_SHOW_ONLY = Rule(_write, Phase.APPROVED, ChangeKind.PUBLISHED, Notice.QUEUED)
_BESIDE = Rule(_write_beside, Phase.PENDING, notice=Notice.QUEUED)

_ERASE = Rule(_delete, Phase.REMOVED, ChangeKind.REMOVED)
_DISCARD = Rule(_delete, Phase.REMOVED, notice=Notice.REMOVED)

_PROMOTE = Rule(_promote, Phase.APPROVED, ChangeKind.PUBLISHED)
_HOLD_EDIT = Rule(_set_edit, Phase.HELD, notice=Notice.HELD)
_REJECT_EDIT = Rule(_set_edit, Phase.REJECTED, notice=Notice.REJECTED)

_NO: Rule | None = None  # no effect

_VERDICT = {Outcome.ALLOW: 0, Outcome.FLAG: 0, Outcome.HOLD: 1, Outcome.BLOCK: 2}
_RULING = {Outcome.ALLOW: 3, Outcome.BLOCK: 4}
_WRITTEN = {Mode.PRE: 0, Mode.POST: 1, Mode.OFF: 2}
_DELETED = 3

Table = Mapping[Phase, tuple[Rule | None, ...]]

# fmt: off
# Verdicts and rulings on the main revision.
_MAIN: Table = {
    #                verdict                           ruling
    #                ALLOW,FLAG HOLD       BLOCK       ALLOW      BLOCK
    Phase.ABSENT:   (_NO,       _NO,       _NO,        _NO,       _NO),
    Phase.PENDING:  (_SHOW,     _HOLD,     _REJECT,    _SHOW,     _REJECT),
    Phase.UNJUDGED: (_CONFIRM,  _CONFIRM,  _REVERT,    _CONFIRM,  _TAKE_DOWN),
    Phase.APPROVED: (_NO,       _NO,       _NO,        _CONFIRM,  _TAKE_DOWN),
    Phase.HELD:     (_NO,       _NO,       _NO,        _SHOW,     _REJECT),
    Phase.REJECTED: (_NO,       _NO,       _NO,        _SHOW,     _REJECT),
    Phase.REMOVED:  (_NO,       _NO,       _NO,        _NO,       _NO),
}

# Verdicts and rulings on the edit beside it.
_EDIT: Table = {
    Phase.PENDING:  (_PROMOTE, _HOLD_EDIT, _REJECT_EDIT, _PROMOTE, _REJECT_EDIT),
    Phase.HELD:     (_NO,      _NO,        _NO,          _PROMOTE, _REJECT_EDIT),
    Phase.REJECTED: (_NO,      _NO,        _NO,          _PROMOTE, _REJECT_EDIT),
}

# A text, by the room's mode, and deletion. A text is a post if the message is absent.
_AUTHOR: Table = {
    #                pre        post          off          deleted
    Phase.ABSENT:   (_QUEUE,    _SHOW_FIRST,  _SHOW_ONLY,  _NO),
    Phase.PENDING:  (_QUEUE,    _QUEUE,       _SHOW_ONLY,  _DISCARD),
    Phase.UNJUDGED: (_BESIDE,   _SHOW_FIRST,  _SHOW_ONLY,  _ERASE),
    Phase.APPROVED: (_BESIDE,   _SHOW_FIRST,  _SHOW_ONLY,  _ERASE),
    Phase.HELD:     (_QUEUE,    _QUEUE,       _SHOW_ONLY,  _DISCARD),
    Phase.REJECTED: (_QUEUE,    _QUEUE,       _SHOW_ONLY,  _DISCARD),
    Phase.REMOVED:  (_NO,       _NO,          _NO,         _NO),
}
# fmt: on
