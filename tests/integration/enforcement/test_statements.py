"""Each outcome has a statement of reasons, in the language of its reader."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import translation
from rest_framework.test import APIClient

from moderado.accounts.services import accounts
from moderado.chat.models import Membership, Message
from moderado.chat.projection import own_view
from moderado.chat.services.removing import delete_message
from moderado.core.errors import NotFound
from moderado.enforcement.appeal_statements import appeal_statement
from moderado.enforcement.errors import NotAppealable
from moderado.enforcement.events import PersonNotified
from moderado.enforcement.models import AuditLine, Ruling
from moderado.enforcement.note_presets import note_presets
from moderado.enforcement.selectors.decisions import decision_about, decisions_about
from moderado.enforcement.services import appeal_outcomes, suspensions
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal, reverse, rule
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import (
    AppealOutcome,
    ContentOutcome,
    DecisionType,
    SanctionKind,
)
from moderado.moderation.models import Case
from moderado.moderation.services import subject_screening
from moderado.moderation.types import Category
from tests.factories import (
    make_member,
    make_rejected_reports,
    make_staff,
    make_suspension,
    make_user,
)
from tests.integration.enforcement.steps import say, settle
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

PERSON, MACHINE = "pessoa da moderação", "máquina"


@pytest.fixture(autouse=True)
def _portuguese():
    with translation.override("pt-br"):
        yield


def decide(case, content, reason="insult"):
    actor = staff_actor()
    ruling = rule(actor=actor, case_id=case.id, proposal=Proposal(content=content, reason=reason))
    settle()
    return ruling


def only(user):
    (decision,) = decisions_about(user.id)
    assert decision_about(user.id, decision.view.id) == decision
    return decision.view


def test_held_and_refused_message(author, room):
    say(author, room, "HOLD isto")
    view = only(author)
    assert view.outcome == "held"
    assert MACHINE in view.explanation
    assert "Você pode recorrer até" in view.explanation
    assert view.guideline.startswith("/regras/")


def test_removed_message_says_why_who_and_what_next(author, room):
    say(author, room, "FLAG isto")
    decide(Case.objects.get(), ContentOutcome.REMOVE)

    view = only(author)

    assert view.outcome == "removed"
    for part in ("Motivo: ofensas.", PERSON, "/regras/#insult", "Você pode recorrer até"):
        assert part in view.explanation
    assert MACHINE not in view.explanation


def test_kept_flagged_message_is_listed_and_cannot_be_appealed(author, room):
    say(author, room, "FLAG isto")
    decide(Case.objects.get(), ContentOutcome.KEEP_FLAGGED)

    view = only(author)

    assert (view.outcome, view.appealable, view.appeal_until) == ("kept_flagged", False, None)
    assert "continua visível" in view.explanation
    with pytest.raises(NotAppealable):
        appeal_decision(user_id=author.id, decision_id=view.id, text="-")


@pytest.mark.parametrize("kind", list(SanctionKind))
def test_sanction_of_each_kind(author, kind):
    with transaction.atomic():
        apply_sanction(
            actor_id=make_staff().id, user_id=author.id, kind=kind, scope_id=None,
            term=timedelta(hours=1), reason="harassment",
        )  # fmt: skip

    view = only(author)

    assert "assédio" in view.explanation
    assert "Termina em" in view.explanation
    assert PERSON in view.explanation
    assert view.guideline == "/regras/#harassment"


def test_suspension_from_reporting_is_explained_in_the_frame_too(author, monkeypatch):
    told = []
    monkeypatch.setattr(suspensions, "publish", told.append)
    make_rejected_reports(author)
    suspensions.suspend_reporting(
        actor_id=make_staff().id, user_id=author.id, term=timedelta(days=1), reason="abuso"
    )
    (frame,) = (each for each in told if isinstance(each, PersonNotified))

    for shown in (only(author).explanation, frame.body.explanation):
        assert "não pode denunciar" in shown
        assert "Termina em" in shown
        assert "Você pode recorrer até" in shown


def test_name_that_a_machine_refused_is_listed_and_can_be_appealed():
    user = make_user()
    accounts.update_profile(user_id=user.id, name="BLOCK nome")
    subject_screening.screen_waiting()

    view = only(user)

    assert (view.subject_type, view.outcome, view.by) == ("user_name", "refused", "machine")
    assert "Este nome não é exibido" in view.explanation
    appeal, _ = appeal_decision(user_id=user.id, decision_id=view.id, text="é meu nome")
    decide(appeal.case, ContentOutcome.ALLOW)
    user.refresh_from_db()
    assert user.name == "BLOCK nome"
    assert only(user).is_reversed


def test_deletion_by_a_moderator_of_the_room_is_listed_and_audited(author, room):
    moderator = make_member(room, role=Membership.Role.MODERATOR).user
    message = say(author, room, "bom dia")
    delete_message(actor_id=moderator.id, message_id=message.id)

    view = only(author)

    assert (view.type, view.outcome, view.by) == ("deletion", "removed", "moderation")
    assert view.id == message.id
    with pytest.raises(NotAppealable):
        appeal_decision(user_id=author.id, decision_id=view.id, text="-")
    with pytest.raises(NotFound):
        appeal_decision(user_id=make_user().id, decision_id=view.id, text="-")
    line = AuditLine.objects.get(action="message_deleted")
    assert (line.actor, line.subject_id) == (moderator, message.id)


@pytest.mark.proves("R312")
def test_deletion_by_a_moderator_says_why_in_the_language_of_the_author(author, room):
    moderator = make_member(room, role=Membership.Role.MODERATOR).user
    message = say(author, room, "bom dia")
    path = f"/api/chat/rooms/{room.id}/messages/{message.id}/"
    client = APIClient()
    client.force_login(moderator)
    assert client.delete(f"{path}?category=because").status_code == 400

    assert client.delete(f"{path}?category=hate").status_code == 200

    view = only(author)
    assert view.explanation.startswith("Um moderador removeu esta mensagem. Motivo: ódio contra")
    assert (view.categories, view.guideline) == (("hate",), "/regras/#hate")
    message.refresh_from_db()
    assert own_view(message, language="en").explanation == (
        "A moderator removed this message. Reason: hate against a group."
    )
    assert AuditLine.objects.get(action="message_deleted").details["category"] == "hate"


@pytest.mark.proves("R312")
def test_help_stays_with_a_text_that_a_moderator_removes(author, room):
    moderator = make_member(room, role=Membership.Role.MODERATOR).user
    for category in (None, Category.SELF_HARM):
        message = say(author, room, "FLAG isto")
        Message.objects.filter(pk=message.pk).update(categories=["self_harm", "help:cvv"])
        delete_message(actor_id=moderator.id, message_id=message.id, category=category)
        message.refresh_from_db()
        assert message.categories[-1] == "help:cvv"
        view = own_view(message, language="pt-br")
        assert [line.phone for line in view.resources] == ["188"]


@pytest.mark.proves("R312")
def test_category_of_an_own_deletion_says_nothing(author, room):
    message = say(author, room, "bom dia")
    delete_message(actor_id=author.id, message_id=message.id, category=Category.HATE)
    assert decisions_about(author.id) == []
    message.refresh_from_db()
    assert message.categories == []


def test_own_deletion_is_no_decision(author, room):
    message = say(author, room, "bom dia")
    delete_message(actor_id=author.id, message_id=message.id)

    assert decisions_about(author.id) == []
    assert not AuditLine.objects.exists()


def test_overturned_verdict_stays_in_the_list(author, room):
    say(author, room, "HOLD isto")
    line_id = only(author).id
    decide(Case.objects.get(), ContentOutcome.ALLOW)

    view = only(author)

    assert (view.id, view.outcome, view.is_reversed) == (line_id, "held", True)
    assert "foi revertida" in view.explanation
    with pytest.raises(NotAppealable):
        appeal_decision(user_id=author.id, decision_id=view.id, text="-")


def test_reversal_notifies_the_author_in_their_language(author, room, monkeypatch):
    told = []
    monkeypatch.setattr(appeal_outcomes, "publish", told.append)
    say(author, room, "FLAG isto")
    ruling = decide(Case.objects.get(), ContentOutcome.REMOVE)

    with translation.override("en"):  # of the moderator
        reverse(actor=staff_actor(), ruling_id=ruling.id, reason="-")

    (frame,) = (each for each in told if isinstance(each, PersonNotified))
    assert "foi revertida" in frame.body.explanation


def test_self_harm_comes_with_places_of_help(author, room):
    say(author, room, "FLAG isto")
    decide(Case.objects.get(), ContentOutcome.REMOVE, reason="self_harm")

    portuguese = only(author)
    with translation.override("en"):
        english = only(author)

    assert "188" in portuguese.explanation
    assert portuguese.resources[0].phone == "188"
    assert "988" in english.explanation
    assert "188" not in english.explanation


def test_presets_have_each_category_in_both_languages():
    portuguese, english = note_presets("pt-br"), note_presets("en")

    assert set(portuguese) == set(english) == {category.value for category in Category}
    assert not {name for name in english if english[name] == portuguese[name]}
    assert "188" in portuguese["self_harm"]
    assert all(len(note) <= 2_000 for note in (*portuguese.values(), *english.values()))


@pytest.mark.parametrize("outcome", ["upheld", "overturned", "ended"])
@pytest.mark.parametrize("kind", list(DecisionType))
def test_appeals_of_each_outcome_have_a_sentence(outcome, kind):
    with translation.override("en"):
        english = appeal_statement(outcome, kind)

    assert english
    assert appeal_statement(outcome, kind) != english
    assert appeal_statement(None, kind) == ""
    if outcome != "ended":  # of a machine's verdict, no person had decided before
        assert english.startswith("A person" if kind == "verdict" else "Another person")


def test_suspension_of_another_person_is_not_listed(author):
    make_suspension(make_user())
    assert decisions_about(author.id) == []


@pytest.mark.proves("R140")
def test_author_reads_no_reason_that_is_for_staff(author, room):
    """A removal by a reversal has the reason of the report, or of the ruling that holds again."""
    found, _ = report(
        reporter_id=make_user().id, subject_type="message",
        subject_id=say(author, room, "bom dia").id, category="hate",
    )  # fmt: skip
    moderator = staff_actor()
    proposal = Proposal(content=ContentOutcome.ALLOW, reason="fine")
    rule(actor=moderator, case_id=found.case_id, proposal=proposal)
    settle()
    appeal, _ = appeal_report(user_id=found.reporter_id, report_id=found.id, text="Look again.")
    win(appeal, "Ana did not look")
    (removal,) = read(author)
    assert (removal.outcome, removal.reason) == ("removed", "hate")

    appeal, _ = appeal_decision(user_id=author.id, decision_id=removal.id, text="Why?")
    win(appeal, "Rui was in haste")
    shown = Ruling.objects.get(reverses=removal.id)
    reverse(actor=staff_actor(), ruling_id=shown.id, reason="Eva, too")
    settle()
    assert [each.reason for each in read(author)] == ["hate", "hate"]
    for word in ("Ana", "Rui", "Eva"):
        assert word not in str(read(author))


@pytest.mark.proves("R140")
def test_verdict_that_stands_again_is_listed_once_and_as_before(author, room):
    say(author, room, "HOLD bom dia")
    before = read(author)
    actor = staff_actor()
    proposal = Proposal(content=ContentOutcome.ALLOW, reason="fine")
    made = rule(actor=actor, case_id=Case.objects.get().id, proposal=proposal)
    settle()
    assert [each.is_reversed for each in read(author)] == [True]

    reverse(actor=actor, ruling_id=made.id, reason="mistake")
    settle()

    assert read(author) == before


def read(author):
    return [each.view for each in decisions_about(author.id)]


def win(appeal, reason):
    actor = staff_actor()
    decide_appeal(actor=actor, appeal_id=appeal.id, outcome=AppealOutcome.OVERTURNED, reason=reason)
    settle()
