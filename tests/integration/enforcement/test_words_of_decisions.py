"""What people read after a decision is true of what happened, whatever was there before."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import translation

from moderado.accounts.services import accounts
from moderado.chat.services.removing import delete_message
from moderado.enforcement.events import PersonNotice, PersonNotified
from moderado.enforcement.models import Ruling, Sanction
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.selectors.sanctions import view_of
from moderado.enforcement.services import decision_notices, suspensions
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_report
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.rulings import reverse
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from moderado.enforcement.types import (
    AppealOutcome,
    ContentOutcome,
    MeasureScope,
    SanctionKind,
)
from moderado.moderation.models import Case
from moderado.moderation.services import subject_screening
from tests.factories import make_rejected_reports, make_staff, make_user
from tests.integration.enforcement.steps import complain, say, settle
from tests.rulings import make_ruling, staff_actor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("R261"),
]

LANGUAGES = ("pt-br", "en")
REMOVED = ("Um moderador removeu esta mensagem.", "A moderator removed this message.")
NOT_SHOWN = (
    "Um moderador decidiu não exibir esta mensagem.",
    "A moderator decided that this message is not shown.",
)
KEPT = ("ele continua visível", "it stays visible")
SHOWN = ("agora ele é exibido", "it is shown now")
NAME_REMOVED = ("A moderação removeu este nome.", "A moderator removed this name.")
NAME_NOT_SHOWN = (
    "A moderação decidiu que este nome não é exibido.",
    "A moderator decided that this name is not shown.",
)
ALL = (REMOVED, NOT_SHOWN, KEPT, SHOWN, NAME_REMOVED, NAME_NOT_SHOWN)


@pytest.fixture
def frames(monkeypatch):
    """The notices to authors of rulings that are settled."""
    published = []
    monkeypatch.setattr(decision_notices, "publish", published.append)
    return published


def check(author, frames, words):
    """Check that list and frame say these words, and none of the others, in each language."""
    (frame,) = (each for each in frames if isinstance(each, PersonNotified))
    assert frame.notice == PersonNotice.DECISION_MADE
    for language, said in zip(LANGUAGES, words, strict=True):
        with translation.override(language):
            newest = decisions_about(author.id)[0].view
        texts = [newest.explanation]
        if language == author.language:
            texts.append(frame.body.explanation)
        others = [each[LANGUAGES.index(language)] for each in ALL if each is not words]
        for text in texts:
            assert said in text
            assert not [each for each in others if each in text]


def decide(content):
    make_ruling(
        actor_id=make_staff().id, case_id=Case.objects.get(state="open").id, content=content,
        reason="insult",
    )  # fmt: skip
    settle()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "step",
    [
        ("FLAG isto", ContentOutcome.REMOVE, REMOVED),
        ("HOLD isto", ContentOutcome.REMOVE, NOT_SHOWN),
        ("FLAG isto", ContentOutcome.KEEP_FLAGGED, KEPT),
        ("HOLD isto", ContentOutcome.KEEP_FLAGGED, SHOWN),
    ],
    ids=["public, removed", "held, removed", "public, kept", "held, kept"],
)
def test_author_reads_what_became_of_the_message(author, room, frames, step, language):
    text, content, words = step
    author.language = language
    author.save()
    say(author, room, text)

    decide(content)

    check(author, frames, words)


def test_author_reads_that_a_message_was_removed_after_the_appeal_of_a_reporter(
    author, room, frames
):
    message = say(author, room, "bom dia")
    reporter = make_user()
    found = complain(message, reporter)
    decide(ContentOutcome.ALLOW)
    made, _ = appeal_report(user_id=reporter.id, report_id=found.id, text="Look again.")
    decide_appeal(
        actor=staff_actor(), appeal_id=made.id,
        outcome=AppealOutcome.OVERTURNED, reason="hate",
    )  # fmt: skip
    settle()

    check(author, frames, REMOVED)


@pytest.mark.parametrize(
    ("name", "words"), [("FLAG nome", NAME_REMOVED), ("HOLD nome", NAME_NOT_SHOWN)]
)
def test_author_reads_what_became_of_a_name(frames, name, words):
    user = make_user(language="pt-br")
    accounts.update_profile(user_id=user.id, name=name)
    subject_screening.screen_waiting()

    decide(ContentOutcome.REMOVE)

    check(user, frames, words)


@pytest.mark.parametrize("content", [ContentOutcome.REMOVE, ContentOutcome.KEEP_FLAGGED])
def test_author_does_not_read_that_a_text_is_shown_that_they_have_deleted(author, room, content):
    message = say(author, room, "bom dia")
    complain(message)
    delete_message(actor_id=author.id, message_id=message.id)

    decide(content)

    with translation.override("en"):
        said = decisions_about(author.id)[0].view.explanation
    assert Ruling.objects.get().was_seen is None
    assert not [each for each in (REMOVED, KEPT, SHOWN) if each[1] in said]


def test_ruling_of_an_earlier_release_says_what_is_true_in_either_case(author, room, frames):
    say(author, room, "FLAG isto")
    decide(ContentOutcome.REMOVE)
    Ruling.objects.update(was_seen=None)

    with translation.override("en"):
        assert NOT_SHOWN[1] in decisions_about(author.id)[0].view.explanation


ENDS = {
    "active": ("Termina em", "It ends on"),
    "expired": ("Terminou em", "It ended on"),
    "lifted": ("Esta medida foi retirada", "This measure was lifted"),
}


@pytest.mark.parametrize("kind", list(SanctionKind))
@pytest.mark.parametrize("state", list(ENDS))
def test_person_reads_whether_a_sanction_still_holds(author, kind, state):
    with transaction.atomic():
        made = apply_sanction(
            actor_id=make_staff().id, user_id=author.id, kind=kind, scope_id=None,
            term=timedelta(hours=1), reason="harassment",
        )  # fmt: skip
        if state == "lifted":
            lift_sanction(actor_id=make_staff().id, sanction_id=made.id, reason="mistake")
    if state == "expired":
        started = Now() - timedelta(hours=2)
        Sanction.objects.update(starts_at=started, ends_at=started + timedelta(hours=1))
    sanction = Sanction.objects.get()

    for position, language in enumerate(LANGUAGES):
        view = view_of(sanction, language=language)
        said = {each for each, words in ENDS.items() if words[position] in view.explanation}
        assert (view.state, said) == (state, {state})


def test_a_reversed_decision_has_no_end_that_is_to_come(author, room):
    say(author, room, "FLAG isto")
    mute = Measure(
        kind=SanctionKind.MUTE, scope=MeasureScope.ROOM, term=timedelta(days=1)
    )  # fmt: skip
    ruling = make_ruling(
        actor_id=make_staff().id, case_id=Case.objects.get().id, content="remove",
        reason="insult", measures=[mute],
    )  # fmt: skip
    settle()
    with translation.override("pt-br"):
        assert "Termina em" in decisions_about(author.id)[0].view.explanation

    reverse(actor=staff_actor(), ruling_id=ruling.id, reason="-")

    with translation.override("pt-br"):
        said = decisions_about(author.id)[0].view.explanation
    assert "Esta decisão foi revertida" in said
    assert "Termina em" not in said


def test_person_reads_that_a_suspension_was_lifted(author, monkeypatch):
    told = []
    monkeypatch.setattr(suspensions, "publish", told.append)
    make_rejected_reports(author)
    made = suspensions.suspend_reporting(
        actor_id=make_staff().id, user_id=author.id, term=timedelta(days=1), reason="spam"
    )
    suspensions.lift_suspension(actor_id=make_staff().id, suspension_id=made.id, reason="-")

    first, second = (each.body.explanation for each in told if isinstance(each, PersonNotified))
    assert "não pode denunciar" in first
    assert "pode denunciar de novo" in second
    assert "Termina em" not in second
