"""Reasons that people read are chosen from the categories, and read in words."""

import re

import pytest
from django.utils.translation import override

from moderado.enforcement.models import Appeal, Ruling, Sanction
from moderado.enforcement.selectors.appeal_views import appeal_view
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.selectors.sanctions import view_of
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import ContentOutcome, MeasureScope, SanctionKind
from moderado.moderation.models import Case
from tests.factories import make_staff, make_user
from tests.integration.enforcement.steps import say, settle
from tests.integration.enforcement.test_admin import act, page
from tests.rulings import make_ruling

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("R262"),
]

RIGHTS = ("view_case", "view_ruling", "reverse_ruling", "view_appeal", "decide_appeal")


@pytest.fixture
def staff(client):
    user = make_staff(*RIGHTS)
    client.force_login(user)
    return user


def ruled(content="remove", reason="insult", **fields):
    case = Case.objects.get(state="open")
    made = make_ruling(
        actor_id=make_staff().id, case_id=case.id, content=content, reason=reason, **fields
    )
    settle()
    return made


def chosen(client, model, record):
    shown = client.get(page(model, "change", record.pk)).content.decode()
    assert not re.search(r'<input[^>]* name="reason"', shown)
    return set(re.findall(r'value="(\w+)" selected>', shown))


def said(appeal):
    appeal.refresh_from_db()
    with override("pt-br"):
        return appeal_view(appeal).explanation


@pytest.mark.parametrize(("name", "is_named"), [("uphold", True), ("overturn", False)])
def test_author_reads_the_category_of_an_appeal_that_is_upheld(
    client, staff, author, room, name, is_named
):
    say(author, room, "FLAG isto")
    ruling = ruled()
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="Por quê?")
    assert chosen(client, "appeal", appeal) == {"insult"}

    act(client, "appeal", appeal, name, reason="porque sim")
    assert Appeal.objects.get().state == "open"
    act(client, "appeal", appeal, name, reason="harassment")

    assert ("Motivo: assédio." in said(appeal)) == is_named


@pytest.mark.parametrize(("name", "is_named"), [("uphold", False), ("overturn", True)])
def test_reporter_and_author_read_the_category_of_what_is_removed_at_last(
    client, staff, author, room, name, is_named
):
    reporter = make_user()
    found, _ = report(
        reporter_id=reporter.id, subject_type="message", category="spam",
        subject_id=say(author, room, "bom dia").id,
    )  # fmt: skip
    ruled("allow", "reviewed")
    appeal, _ = appeal_report(user_id=reporter.id, report_id=found.id, text="Olhe de novo.")

    act(client, "appeal", appeal, name, reason="harassment")
    settle()

    assert ("Motivo: assédio." in said(appeal)) == is_named
    with override("pt-br"):
        read = [each.view.explanation for each in decisions_about(author.id)]
    assert ["Motivo: assédio." in each for each in read] == [True] * is_named


def test_words_for_staff_are_not_shown_to_the_appellant(author, room):
    say(author, room, "FLAG isto")
    ruling = ruled()
    appeal, _ = appeal_decision(user_id=author.id, decision_id=ruling.id, text="Por quê?")
    Appeal.objects.update(
        state="decided", outcome="upheld", reason="Ana disse", told_at=appeal.created_at
    )

    assert "Ana" not in said(appeal)


def test_reversal_is_given_a_category(client, staff, author, room):
    say(author, room, "FLAG isto")
    ruling = ruled()
    assert chosen(client, "ruling", ruling) == {"insult"}

    act(client, "ruling", ruling, "reverse", reason="engano")
    assert not Ruling.objects.filter(reverses=ruling).exists()
    act(client, "ruling", ruling, "reverse", reason="reviewed")

    assert Ruling.objects.get(reverses=ruling).reason == "reviewed"


@pytest.mark.parametrize("reason", ["reviewed", "moderator"])
def test_codes_that_say_nothing_are_read_by_no_person(author, room, reason):
    say(author, room, "FLAG isto")
    mute = Measure(kind=SanctionKind.MUTE, scope=MeasureScope.ROOM)
    ruled(ContentOutcome.REMOVE, reason, measures=[mute])

    view = view_of(Sanction.objects.get(), language="pt-br")
    with override("pt-br"):
        (decision,) = decisions_about(author.id)

    for text in (view.explanation, decision.view.explanation):
        assert "Motivo" not in text
