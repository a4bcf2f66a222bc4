"""What people read of a decision is true of what has happened to it since."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation

from moderado.chat.models import Message
from moderado.chat.projection import own_view
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.case_details import case_details
from moderado.enforcement.selectors.cases import get_case
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services.imposing import lift_by_hand
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.rulings import undo
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import Actor, ContentOutcome, MeasureScope, SanctionKind
from moderado.moderation.models import Case
from tests.factories import make_member, make_staff, make_user
from tests.integration.enforcement.steps import say, settle
from tests.rulings import make_ruling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

DAY = timedelta(days=1)
LANGUAGES = ("pt-br", "en")
LIFTED = {"pt-br": "Esta medida foi retirada", "en": "This measure was lifted"}
ENDS = {"pt-br": "Termina em", "en": "It ends on"}


def read(author, language):
    with translation.override(language):
        return decisions_about(author.id)[0].view


@pytest.fixture
def moderator(db):
    return make_staff()


def mute_and_ban(author, moderator, text="FLAG isto"):
    """Remove a text of an author with two measures; return them."""
    make_ruling(
        actor_id=moderator.id, case_id=Case.objects.get(state="open").id,
        content=ContentOutcome.REMOVE, reason="insult",
        measures=[
            Measure(kind=kind, scope=MeasureScope.ROOM, term=DAY)
            for kind in (SanctionKind.MUTE, SanctionKind.SLOW)
        ],
    )  # fmt: skip
    return Sanction.objects.filter(user=author).order_by("kind")


@pytest.mark.proves("R287")
@pytest.mark.parametrize("language", LANGUAGES)
def test_ruling_says_which_of_its_measures_was_lifted(author, room, moderator, language):
    say(author, room, "FLAG isto")
    mute, slow = mute_and_ban(author, moderator)
    settle()
    assert read(author, language).explanation.count(ENDS[language]) == 2

    lift_by_hand(actor_id=moderator.id, scope_ids=None, sanction_id=mute.id, reason="enough")

    view = read(author, language)
    assert view.explanation.count(LIFTED[language]) == 1
    assert view.explanation.count(ENDS[language]) == 1
    assert not view.is_reversed
    assert {note.id: note.is_lifted for note in view.sanctions} == {mute.id: True, slow.id: False}


@pytest.mark.proves("R287")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["FLAG isto", "HOLD isto"])
def test_author_reads_the_category_of_the_ruling_on_the_message(
    author, room, moderator, language, text
):
    message = say(author, room, text)
    found = message.categories
    made = make_ruling(
        actor_id=moderator.id, case_id=Case.objects.get(state="open").id,
        content=ContentOutcome.REMOVE, reason="harassment",
    )  # fmt: skip

    message.refresh_from_db()
    view = own_view(message, language=language)
    named = {"pt-br": "Motivo: assédio.", "en": "Reason: harassment."}[language]
    assert view.explanation.endswith(named)
    assert view.categories == ("harassment",)

    undo(actor=Actor(id=moderator.id, scope_ids=None), ruling_id=made.id)
    assert Message.objects.get(pk=message.pk).categories == found


@pytest.mark.proves("R287")
def test_no_category_of_a_machine_is_named_as_that_of_a_ruling(author, room, moderator):
    message = say(author, room, "HOLD isto")
    Message.objects.filter(pk=message.pk).update(categories=["insult", "help:CVV"])
    case = Case.objects.get(state="open")
    make_ruling(
        actor_id=moderator.id, case_id=case.id, content=ContentOutcome.REMOVE, reason="reviewed"
    )

    message.refresh_from_db()
    assert own_view(message, language="en").explanation == (
        "A moderator decided that this message is not shown."
    )
    assert "insult" not in message.categories


@pytest.mark.proves("R288")
def test_card_of_an_author_has_the_points_that_count_now(author, room, moderator):
    say(author, room, "FLAG isto")
    other_room = make_member(user=author).room
    for scope_id in (room.id, room.id, other_room.id, None):
        with transaction.atomic():
            apply_sanction(
                actor_id=moderator.id, user_id=author.id, kind="strike", scope_id=scope_id,
                term=None, reason=f"insult {scope_id}",
            )  # fmt: skip
    case = Case.objects.get(state="open")

    def points(**of_actor):
        actor = Actor(id=moderator.id, **{"scope_ids": None, "sees_restricted": True, **of_actor})
        card = case_details(actor=actor, case=get_case(actor=actor, case_id=case.id)).author_card
        return card.points

    strikes = Sanction.objects.filter(user=author, scope_id=room.id).order_by("id")
    assert points() == points(scope_ids=[room.id]) == 2
    strikes.filter(pk=strikes[0].pk).update(ends_at=Now())
    assert points() == 1
    lift_by_hand(
        actor_id=moderator.id, scope_ids=None, sanction_id=strikes[1].pk, reason="mistaken"
    )
    assert points() == 1
    Sanction.objects.filter(user=author, scope_id=None).update(ends_at=Now())
    assert points(scope_ids=[room.id]) == 0


@pytest.mark.proves("R288")
def test_card_has_no_points_of_restricted_cases_for_others(author, room, moderator):
    say(author, room, "FLAG isto")
    make_ruling(
        actor_id=moderator.id, case_id=Case.objects.get(state="open").id,
        content=ContentOutcome.ALLOW,
        measures=[Measure(kind=SanctionKind.STRIKE, scope=MeasureScope.ROOM, term=DAY)],
    )  # fmt: skip
    Case.objects.update(categories=["child_safety"])
    say(author, room, "FLAG outra")
    case = Case.objects.get(state="open")
    for trusted, shown in ((True, 1), (False, 0)):
        actor = Actor(id=make_user().id, scope_ids=None, sees_restricted=trusted)
        card = case_details(actor=actor, case=case).author_card
        assert card.points == shown
