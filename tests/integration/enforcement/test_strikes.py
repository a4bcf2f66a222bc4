"""Strikes add up to further sanctions, and take these back with them."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.chat.models import Membership, Message
from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting
from moderado.core.errors import NotFound
from moderado.enforcement.errors import OwnRuling
from moderado.enforcement.events import PersonNotified
from moderado.enforcement.models import PendingStrike, Ruling, Sanction
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.selectors.sanctions import view_of
from moderado.enforcement.services import rulings, strikes
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.machine_strikes import give_strikes
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.sanctions import (
    apply_sanction,
    expire_sanctions,
    lift_sanction,
)
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.types import Actor, AppealOutcome, MeasureScope, SanctionKind
from moderado.moderation.evaluation.past import content_of
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.services import policies
from moderado.moderation.services.policy_assignments import Assignments, assign
from moderado.moderation.services.policy_documents import parse_document
from tests.factories import make_member, make_user
from tests.rulings import make_ruling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_identity_sentences")]

DAY = 86_400
LADDER = [
    {"points": 3, "sanction": "mute", "term_seconds": DAY},
    {"points": 6, "sanction": "ban", "term_seconds": 7 * DAY},
]
BLOCKING = {"id": "house", "words": ["fulaninho"], "category": "insult", "outcome": "block"}
STRIKE = Measure(kind=SanctionKind.STRIKE, scope=MeasureScope.ROOM)


def put_in_force(name="house", rules=(), **strikes):
    """Enable a policy with these strikes for the whole server."""
    given = {"window_days": 30, "weights": {"hate": 3}, "thresholds": LADDER} | strikes
    document = parse_document(document={"name": name, "strikes": given, "rules": list(rules)})
    policies.create_policy(actor_id=None, document=document)
    policies.enable(actor_id=None, name=name, number=1)
    assign(actor_id=None, wanted=Assignments(server=name))


@pytest.fixture
def house(db):
    put_in_force()


@pytest.fixture
def person(room):
    return make_member(room).user


def strike(user, *, reason="insult", actor=None, **fields):
    given = {"scope_id": None, "term": None}
    with transaction.atomic():
        return apply_sanction(
            actor_id=None if actor is None else actor.id,
            user_id=user.id,
            kind="strike",
            reason=reason,
            **(given | fields),
        )


def consequences(user):
    """What strikes led to: kind, threshold, and whether it is in force."""
    found = Sanction.objects.filter(user=user, threshold__isnull=False).order_by("id")
    return [(each.kind, each.threshold, each.lifted_at is None) for each in found]


@pytest.mark.usefixtures("house")
def test_points_are_those_of_policy_and_category_and_count_for_the_window(person):
    first, other = strike(person, reason="hate"), strike(person, reason="off topic")
    short = strike(person, term=timedelta(hours=1))
    long = strike(person, term=timedelta(days=300))

    assert [(each.weight, each.policy_name, each.category) for each in (first, other)] == [
        (3, "house", "hate"),
        (1, "house", ""),
    ]
    assert first.ends_at - first.starts_at == timedelta(days=30)
    assert short.ends_at - short.starts_at == timedelta(hours=1)
    assert long.ends_at - long.starts_at == timedelta(days=30)


def test_without_a_policy_a_strike_has_one_point_and_leads_to_nothing(person):
    found = [strike(person) for _ in range(10)]

    assert {each.weight for each in found} == {1}
    assert found[0].ends_at - found[0].starts_at == timedelta(days=90)
    assert consequences(person) == []


@pytest.mark.usefixtures("house")
def test_thresholds_lead_to_sanctions_that_name_their_cause(person):
    strike(person)
    strike(person)
    assert consequences(person) == []
    third = strike(person)
    mute = Sanction.objects.get(kind="mute")

    assert (mute.cause, mute.threshold, mute.actor, mute.reason) == (third, 3, None, "strikes")
    assert mute.ends_at - mute.starts_at == timedelta(days=1)
    view = view_of(mute, language="en")
    assert (view.automatic, view.cause, view.threshold) == (True, third.id, 3)
    assert view.explanation.startswith("Your strikes have led to a mute")
    strike(person)
    assert consequences(person) == [("mute", 3, True)]
    strike(person, reason="hate")
    assert consequences(person) == [("mute", 3, True), ("ban", 6, True)]


@pytest.mark.usefixtures("house")
def test_one_strike_reaches_several_thresholds(person):
    strike(person, reason="hate")
    strike(person, reason="hate")
    assert consequences(person) == [("mute", 3, True), ("ban", 6, True)]


@pytest.mark.usefixtures("house")
def test_further_strike_leads_to_the_highest_sanction_again_once_it_is_over(person):
    strike(person, reason="hate")
    Sanction.objects.filter(kind="mute").update(ends_at=timezone.now())
    strike(person)
    assert consequences(person) == [("mute", 3, True)] * 2


@pytest.mark.usefixtures("house")
def test_old_strikes_and_those_of_other_scopes_and_policies_do_not_count(person, room):
    old = strike(person)
    Sanction.objects.filter(pk=old.pk).update(ends_at=timezone.now())
    strike(person, scope_id=room.id)
    strike(person)
    put_in_force("other")
    strike(person)
    assert consequences(person) == []
    put_in_force("third", weights={"any": 3})
    strike(person, scope_id=room.id)
    assert consequences(person) == [("mute", 3, True)]
    assert Sanction.objects.get(kind="mute").scope_id == room.id


@pytest.mark.proves("R108")
@pytest.mark.usefixtures("house")
def test_revoked_strike_ends_what_is_not_reached_without_it(person):
    moderator = make_user()
    strikes = [strike(person) for _ in range(3)]
    strike(person, reason="hate")
    assert consequences(person) == [("mute", 3, True), ("ban", 6, True)]

    with transaction.atomic():
        lift_sanction(actor_id=moderator.id, sanction_id=strikes[0].id, reason="mistake")
    assert consequences(person) == [("mute", 3, True), ("ban", 6, False)]
    assert Sanction.objects.get(kind="ban").lift_reason == "strikes_recounted"
    for each in strikes[1:]:
        with transaction.atomic():
            lift_sanction(actor_id=moderator.id, sanction_id=each.id, reason="mistake")
    assert consequences(person)[0] == ("mute", 3, True)  # by the last strike alone


@pytest.mark.usefixtures("house")
def test_strike_that_becomes_too_old_ends_nothing(person):
    strikes = [strike(person) for _ in range(3)]
    early = timezone.now() - timedelta(hours=1)
    Sanction.objects.filter(pk=strikes[0].pk).update(starts_at=early)
    mute = Sanction.objects.get(kind="mute")
    Sanction.objects.filter(pk=strikes[0].pk).update(ends_at=mute.starts_at + timedelta.resolution)

    assert expire_sanctions() == 1
    assert consequences(person) == [("mute", 3, True)]
    with transaction.atomic():  # at the time of the mute it did count
        lift_sanction(actor_id=None, sanction_id=strikes[1].id, reason="mistake")
    assert consequences(person) == [("mute", 3, False)]


def held_case(person, room, held, **fields):
    posted = post_message(author_id=person.id, room_id=room.id, text="seu idiota")
    return held(subject_id=posted.view.id, scope_id=room.id, author_id=person.id, **fields)


@pytest.fixture
def three_strikes(house, person, room, held):
    """The ruling with which the third strike led to a mute."""
    moderator = make_user()
    for _ in range(2):
        strike(person, scope_id=room.id)
    case = held_case(person, room, held)
    ruling = make_ruling(
        actor_id=moderator.id, case_id=case.id, content="remove", reason="insult", measures=[STRIKE]
    )
    assert consequences(person) == [("mute", 3, True)]
    return ruling


@pytest.mark.proves("R108")
@pytest.mark.parametrize("act", ["undo", "reverse"])
def test_ruling_that_is_taken_back_takes_the_mute_with_it(three_strikes, person, act):
    actor = Actor(id=three_strikes.actor_id, scope_ids=None)
    if act == "undo":
        rulings.undo(actor=actor, ruling_id=three_strikes.id)
    else:
        rulings.reverse(actor=actor, ruling_id=three_strikes.id, reason="mistake")
    assert consequences(person) == [("mute", 3, False)]


@pytest.mark.proves("R108")
def test_overturned_appeal_recounts_and_its_strikes_giver_decides_neither(three_strikes, person):
    Ruling.objects.update(undo_until=timezone.now())
    settle_rulings()
    mute = Sanction.objects.get(kind="mute")
    listed = {each.view.id: each.view for each in decisions_about(person.id)}
    assert (listed[mute.id].by, listed[mute.id].ends_at) == ("machine", mute.ends_at)
    assert listed[three_strikes.id].sanctions[0].kind == "strike"
    first = Actor(id=three_strikes.actor_id, scope_ids=None)
    of_mute, _ = appeal_decision(user_id=person.id, decision_id=mute.id, text="-")
    of_ruling, _ = appeal_decision(user_id=person.id, decision_id=three_strikes.id, text="-")

    decide = {"outcome": AppealOutcome.OVERTURNED, "reason": "mistake"}
    for appeal in (of_mute, of_ruling):
        with pytest.raises(OwnRuling):
            decide_appeal(actor=first, appeal_id=appeal.id, **decide)
    other = Actor(id=make_user().id, scope_ids=None)
    decide_appeal(actor=other, appeal_id=of_ruling.id, **decide)

    assert consequences(person) == [("mute", 3, False)]
    of_mute.refresh_from_db()  # decided with the strike that the mute followed from (ADR 0151)
    assert (of_mute.outcome, of_mute.decided_by) == ("overturned", None)


def test_policy_that_judged_decides_about_the_points(person, room):
    put_in_force("judging", rules=[{**BLOCKING, "outcome": "hold"}], weights={"insult": 5})
    posted = post_message(author_id=person.id, room_id=room.id, text="fulaninho")
    screen_waiting()
    put_in_force("later")
    case = Case.objects.get(subject_id=posted.view.id)
    ruling = make_ruling(
        actor_id=make_user().id,
        case_id=case.id,
        content="remove",
        reason="not here",
        measures=[STRIKE],
    )
    found = ruling.sanctions.get()
    assert (found.policy_name, found.category, found.weight) == ("judging", "insult", 5)


@pytest.mark.usefixtures("house")
def test_person_is_notified_of_the_strike_before_its_consequences(
    person, heard, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        strike(person, reason="hate")
    told = [each.body.kind for each in heard if isinstance(each, PersonNotified)]
    assert told == ["strike", "mute"]


def test_strike_stands_where_its_consequence_is_impossible(room, monkeypatch):
    def refuse(**_fields):
        raise NotFound

    put_in_force(thresholds=[{"points": 1, "sanction": "ban"}])
    admin = make_member(room, role="ADMIN").user
    monkeypatch.setattr(strikes, "apply_sanction", refuse)

    assert strike(admin, scope_id=room.id).weight == 1
    assert consequences(admin) == []


@pytest.mark.proves("R108")
@pytest.mark.django_db(transaction=True)
def test_strikes_at_once_reach_a_threshold_once(at_once):
    put_in_force()
    person, moderators = make_user(), [make_user() for _ in range(4)]
    left = list(moderators)

    def give():
        return impose_sanction(
            actor_id=left.pop().id,
            scope_ids=None,
            user_id=person.id,
            kind="strike",
            scope_id=None,
            term=None,
            reason="insult",
        )

    at_once(4, give)
    assert consequences(person) == [("mute", 3, True)]


@pytest.mark.proves("R115")
def test_condition_reads_strikes_and_the_log_keeps_their_number(person, room):
    put_in_force(rules=[{**BLOCKING, "when": "author.strikes > 2"}])
    moderator = make_user()
    given, _is_new = impose_sanction(
        actor_id=moderator.id, scope_ids=None, user_id=person.id, kind="strike",
        scope_id=room.id, term=None, reason="hate",
    )  # fmt: skip
    Sanction.objects.filter(kind="mute").update(lifted_at=timezone.now())  # at 3 points
    outcomes = []
    for number in range(2):
        posted = post_message(author_id=person.id, room_id=room.id, text=f"fulaninho {number}")
        screen_waiting()
        outcomes.append(Message.objects.get(pk=posted.view.id).status)
        if not number:
            line = ModerationLog.objects.get(subject_id=posted.view.id)
            with transaction.atomic():
                lift_sanction(actor_id=moderator.id, sanction_id=given.id, reason="mistake")

    assert outcomes == ["REJECTED", "APPROVED"]
    line.refresh_from_db()
    assert line.facts["author"]["strikes"] == 3
    assert content_of(line).author.strikes == 3  # what a backtest judges


@pytest.mark.parametrize("is_machine", [True, False])
def test_machine_gives_strikes_only_where_the_policy_says_so(person, room, is_machine):
    put_in_force(rules=[BLOCKING], machine=is_machine, weights={"insult": 3})
    posted = post_message(author_id=person.id, room_id=room.id, text="fulaninho")
    screen_waiting()
    assert Message.objects.get(pk=posted.view.id).status == "REJECTED"
    assert PendingStrike.objects.count() == is_machine

    assert give_strikes() == is_machine
    assert give_strikes() == 0
    assert consequences(person) == ([("mute", 3, True)] if is_machine else [])


def test_ruling_that_shows_the_text_takes_the_strike_of_the_machine_away(person, room):
    put_in_force(rules=[BLOCKING], machine=True, weights={"insult": 3})
    posted = post_message(author_id=person.id, room_id=room.id, text="fulaninho")
    screen_waiting()
    give_strikes()
    views = [each.view for each in decisions_about(person.id)]
    verdict = next(view for view in views if view.type == "verdict")
    appeal_decision(user_id=person.id, decision_id=verdict.id, text="é o meu apelido")
    case = Case.objects.get(subject_id=posted.view.id, state="open")
    make_ruling(actor_id=make_user().id, case_id=case.id, content="allow")
    assert consequences(person) == [("mute", 3, True)]

    Ruling.objects.update(undo_until=timezone.now())
    settle_rulings()
    assert consequences(person) == [("mute", 3, False)]
    assert Sanction.objects.get(kind="strike").lift_reason == "allowed"


@pytest.mark.proves("S121")
@pytest.mark.parametrize("act", ["undo", "settle"])
def test_strike_of_the_machine_waits_while_a_ruling_can_be_undone(person, room, act):
    put_in_force(rules=[BLOCKING], machine=True, weights={"insult": 3})
    posted = post_message(author_id=person.id, room_id=room.id, text="fulaninho")
    screen_waiting()
    verdict = next(each.view for each in decisions_about(person.id))
    appeal_decision(user_id=person.id, decision_id=verdict.id, text="é o meu apelido")
    case = Case.objects.get(subject_id=posted.view.id, state="open")
    ruling = make_ruling(actor_id=make_user().id, case_id=case.id, content="allow")
    give_strikes()
    assert consequences(person) == []

    if act == "undo":
        rulings.undo(actor=Actor(id=ruling.actor_id, scope_ids=None), ruling_id=ruling.id)
    else:
        Ruling.objects.update(undo_until=timezone.now())
        settle_rulings()
    give_strikes()
    assert consequences(person) == ([("mute", 3, True)] if act == "undo" else [])
    assert not PendingStrike.objects.exists()


@pytest.mark.proves("S125")
@pytest.mark.parametrize("is_over", [False, True])
def test_membership_returns_after_a_strike_of_a_machine_that_was_wrong(person, room, is_over):
    make_member(room, role="ADMIN")
    ban = {"points": 3, "sanction": "ban", "term_seconds": DAY}
    put_in_force(rules=[BLOCKING], machine=True, weights={"insult": 3}, thresholds=[ban])
    posted = post_message(author_id=person.id, room_id=room.id, text="fulaninho")
    screen_waiting()
    give_strikes()
    theirs = Membership.objects.filter(room=room, user=person)
    assert not theirs.exists()
    views = [each.view for each in decisions_about(person.id)]
    verdict = next(view for view in views if view.type == "verdict")
    appeal_decision(user_id=person.id, decision_id=verdict.id, text="é o meu apelido")
    if is_over:
        Sanction.objects.update(ends_at=timezone.now())
        expire_sanctions()
    case = Case.objects.get(subject_id=posted.view.id, state="open")
    make_ruling(actor_id=make_user().id, case_id=case.id, content="allow")
    Ruling.objects.update(undo_until=timezone.now())
    settle_rulings()

    assert not Sanction.objects.filter(lifted_at=None).exists()
    assert theirs.exists()
