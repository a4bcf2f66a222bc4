"""Every state, input and mode of the lifecycle, with the expected results as data."""

from itertools import product

import pytest

from moderado.chat.events import ChangeKind, Notice
from moderado.chat.lifecycle import needs_history, transition
from moderado.chat.states import (
    NEW,
    NO_HISTORY,
    Deleted,
    Edited,
    History,
    Kept,
    Mode,
    Phase,
    Posted,
    Ruling,
    State,
    Verdict,
)
from moderado.moderation.types import Outcome

# A cell is `phase:change:notice` of the revision that the input names; `=` is no effect.
MAIN = """
            verdict_ALLOW      verdict_FLAG       verdict_HOLD     verdict_BLOCK      ruling_ALLOW       ruling_BLOCK
  ABSENT    =                  =                  =                =                  =                  =
  PENDING   APPROVED:public:-  APPROVED:public:-  HELD:-:held      REJECTED:-:rejected  APPROVED:public:-  REJECTED:-:rejected
  UNJUDGED  APPROVED:-:-       APPROVED:-:-       APPROVED:-:-     revert             APPROVED:-:-       REJECTED:removed:rejected
  APPROVED  =                  =                  =                =                  APPROVED:-:-       REJECTED:removed:rejected
  HELD      =                  =                  =                =                  APPROVED:public:-  REJECTED:-:rejected
  REJECTED  =                  =                  =                =                  APPROVED:public:-  REJECTED:-:rejected
  REMOVED   =                  =                  =                =                  =                  =
"""  # noqa: E501

EDIT = """
            verdict_ALLOW  verdict_FLAG  verdict_HOLD  verdict_BLOCK        ruling_ALLOW  ruling_BLOCK
  PENDING   promote        promote       HELD:-:held   REJECTED:-:rejected  promote       REJECTED:-:rejected
  HELD      =              =             =             =                    promote       REJECTED:-:rejected
  REJECTED  =              =             =             =                    promote       REJECTED:-:rejected
"""  # noqa: E501

# `main` and `beside` say where the new text goes.
AUTHOR = """
            post_pre             post_post              post_off               edit_pre               edit_post              edit_off               delete
  ABSENT    main:PENDING:-       main:UNJUDGED:public   main:APPROVED:public   =                      =                      =                      =
  PENDING   =                    =                      =                      main:PENDING:-         main:PENDING:-         main:APPROVED:public   REMOVED:-:removed
  UNJUDGED  =                    =                      =                      beside:PENDING:-       main:UNJUDGED:public   main:APPROVED:public   REMOVED:removed:-
  APPROVED  =                    =                      =                      beside:PENDING:-       main:UNJUDGED:public   main:APPROVED:public   REMOVED:removed:-
  HELD      =                    =                      =                      main:PENDING:-         main:PENDING:-         main:APPROVED:public   REMOVED:-:removed
  REJECTED  =                    =                      =                      main:PENDING:-         main:PENDING:-         main:APPROVED:public   REMOVED:-:removed
  REMOVED   =                    =                      =                      =                      =                      =                      =
"""  # noqa: E501

EDITS = (None, Phase.PENDING, Phase.HELD, Phase.REJECTED)
REVISION, EDIT_REVISION, KEPT, UNKNOWN = 5, 6, 3, 99
HISTORIES = {
    "none": NO_HISTORY,
    "judged": History((Kept(1, Phase.APPROVED), Kept(KEPT, Phase.APPROVED)), frozenset({1, KEPT})),
    "unjudged": History((Kept(KEPT, Phase.APPROVED),)),
    "blocked": History((Kept(1, Phase.APPROVED), Kept(KEPT, Phase.REJECTED)), frozenset({1})),
    "hidden": History((Kept(2, Phase.HELD), Kept(KEPT, Phase.PENDING)), frozenset({2, KEPT})),
}
# What a revert restores: the revision and its phase.
REVERTS = {
    "judged": (KEPT, Phase.APPROVED),
    "unjudged": (KEPT, Phase.UNJUDGED),
    "blocked": (1, Phase.APPROVED),
}

ABOUT_TEXT = (
    *(("verdict", outcome) for outcome in Outcome),
    *(("ruling", outcome) for outcome in (Outcome.ALLOW, Outcome.BLOCK)),
)
TARGETS = {"main": REVISION, "edit": EDIT_REVISION, "kept": KEPT, "unknown": UNKNOWN}


def table(text):
    header, *rows = [line.split() for line in text.strip().splitlines()]
    return {
        (phase, column): cell
        for phase, *cells in rows
        for column, cell in zip(header, cells, strict=True)
    }


MAIN_CELLS, EDIT_CELLS, AUTHOR_CELLS = table(MAIN), table(EDIT), table(AUTHOR)


def states():
    yield NEW
    for phase, edit, is_published in product(Phase, EDITS, (False, True)):
        is_visible = phase in {Phase.APPROVED, Phase.UNJUDGED}
        # An edit is put beside a visible revision only, and what is visible is published.
        possible = is_published or not (is_visible or edit)
        if phase is not Phase.ABSENT and possible and not (phase is Phase.REMOVED and edit):
            yield State(phase, REVISION, edit, EDIT_REVISION if edit else 0, is_published)


def inputs():
    """Each input with its column; the target says which revision it names."""
    for (kind, outcome), (target, revision) in product(ABOUT_TEXT, TARGETS.items()):
        happened = {"verdict": Verdict, "ruling": Ruling}[kind](revision, outcome)
        yield happened, f"{kind}_{outcome}", target
    for mode in Mode:
        yield Posted(mode), f"post_{mode}", "author"
        yield Edited(mode), f"edit_{mode}", "author"
    yield Deleted(), "delete", "author"


def expected(state, column, target, history):
    """The result that the tables above demand: state, change and notice, or None."""
    if target == "author":
        return by_author(state, AUTHOR_CELLS[state.phase, column])
    if target == "main" and state is not NEW:
        return on_main(state, MAIN_CELLS[state.phase, column], history)
    if target == "edit" and state.edit:
        cell = EDIT_CELLS[state.edit, column]
        if cell == "promote":
            promoted = State(Phase.APPROVED, EDIT_REVISION, is_published=True)
            return promoted, published(state), None
        return cell if cell == "=" else on_edit(state, *cell.split(":"))
    is_remembered = (
        target == "kept"
        and column.startswith("ruling")
        and history in {"judged", "unjudged"}
        and state is not NEW
        and state.phase is not Phase.REMOVED
    )
    return (state, None, None) if is_remembered else "="


def on_main(state, cell, history):
    if cell == "=":
        return cell
    if cell == "revert":
        if history not in REVERTS:
            cell = "REJECTED:removed:rejected"
        else:
            earlier, phase = REVERTS[history]
            edit = (state.edit or Phase.REJECTED, state.edit_revision or REVISION)
            after = State(phase, earlier, *edit, is_published=True)
            return after, ChangeKind.UPDATED, Notice.REJECTED
    phase, change, notice = cell.split(":")
    is_published = state.is_published or change == "public"
    after = State(Phase(phase), REVISION, state.edit, state.edit_revision, is_published)
    return after, change_of(state, change), None if notice == "-" else Notice(notice)


def on_edit(state, phase, _change, notice):
    after = State(state.phase, REVISION, Phase(phase), EDIT_REVISION, state.is_published)
    return after, None, Notice(notice)


def by_author(state, cell):
    if cell == "=":
        return cell
    place, *rest = cell.split(":")
    if place not in {"main", "beside"}:
        change, notice = rest
        after = State(Phase(place), REVISION, is_published=state.is_published)
        return after, change_of(state, change), None if notice == "-" else Notice(notice)
    phase, change = rest
    number = 1 if state is NEW else (state.edit_revision or REVISION) + 1
    if place == "beside":
        after = State(state.phase, REVISION, Phase(phase), number, is_published=True)
    else:
        after = State(Phase(phase), number, is_published=state.is_published or change == "public")
    return after, change_of(state, change), Notice.QUEUED


def change_of(state, change):
    if change == "public":
        return published(state)
    return None if change == "-" else ChangeKind(change)


def published(state):
    return ChangeKind.UPDATED if state.is_published else ChangeKind.PUBLISHED


def test_tables_have_a_cell_for_every_phase_and_input():
    about_text = [f"{kind}_{outcome}" for kind, outcome in ABOUT_TEXT]
    acts = [f"{act}_{mode}" for act in ("post", "edit") for mode in Mode] + ["delete"]

    assert set(MAIN_CELLS) == set(product(Phase, about_text))
    assert set(EDIT_CELLS) == set(product(filter(None, EDITS), about_text))
    assert set(AUTHOR_CELLS) == set(product(Phase, acts))
    assert {type(happened) for happened, _, _ in inputs()} == {
        Posted, Edited, Deleted, Verdict, Ruling,
    }  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES)
def test_every_state_and_input_gives_the_result_in_the_table(history):
    combinations = [*product(states(), inputs())]
    assert len(combinations) == 26 * 31  # possible states, inputs

    for state, (happened, column, target) in combinations:
        known = NO_HISTORY if state is NEW else HISTORIES[history]
        step = transition(state, happened, known)

        wanted = expected(state, column, target, history)
        found = (step.state, step.change, step.notice) if step.is_applied else "="
        assert found == wanted, f"{state} {happened}"
        assert step.is_applied or step.state == state


@pytest.mark.parametrize("history", HISTORIES)
def test_a_text_is_requeued_exactly_when_another_one_is_awaited(history):
    for state, (happened, _, _) in product(states(), inputs()):
        step = transition(state, happened, HISTORIES[history])

        waiting = [
            revision
            for revision, phase in (
                (step.state.revision, step.state.phase),
                (step.state.edit_revision, step.state.edit),
            )
            if phase in {Phase.PENDING, Phase.UNJUDGED}
        ]
        assert step.state.awaits == (waiting[0] if waiting else None)
        assert step.requeues == (bool(waiting) and step.state.awaits != state.awaits)


@pytest.mark.parametrize("history", HISTORIES)
def test_the_result_depends_on_history_only_where_it_is_asked_for(history):
    for state, (happened, _, _) in product(states(), inputs()):
        if not needs_history(state, happened):
            with_history = transition(state, happened, HISTORIES[history])
            assert with_history == transition(state, happened, NO_HISTORY), f"{state} {happened}"


def test_revisions_that_leave_the_row_are_kept_with_their_status():
    shown = State(Phase.UNJUDGED, 2, Phase.HELD, 3, is_published=True)

    step = transition(shown, Edited(Mode.POST))

    assert step.keeps == (Kept(2, Phase.APPROVED), Kept(3, Phase.HELD))


def test_a_kept_revision_that_was_ever_blocked_is_not_acceptable():
    """Rows of an earlier release can hold a revision twice."""
    history = History((Kept(1, Phase.APPROVED), Kept(2, Phase.APPROVED), Kept(2, Phase.REJECTED)))

    assert history.acceptable_before(3) == 1


def test_a_ruling_is_allow_or_block():
    with pytest.raises(KeyError):
        transition(State(Phase.HELD), Ruling(1, Outcome.FLAG))
