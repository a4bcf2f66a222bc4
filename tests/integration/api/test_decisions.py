"""Why a text was judged as it was."""

import uuid

import pytest
from django.core.management import call_command

from moderado.chat.models import Membership, Room
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.services.judging import judge_texts
from moderado.moderation.services.recording import record
from moderado.moderation.services.texts import erase_texts
from moderado.moderation.types import Content, Outcome, Signal, Verdict
from tests.factories import make_member, make_room, make_user

pytestmark = pytest.mark.django_db

LOGS, TRY = "/api/moderation/logs/", "/api/moderation/try/"
CASES = "/api/moderation/cases/"
TEXT = "oi, seu 1d10t4"
RULE = {
    "id": "house",
    "category": "insult",
    "severity": 0.6,
    "action": "hold",
    "words": ["idiota"],
}


@pytest.fixture(autouse=True)
def _own_list(settings):
    backend = "moderado.moderation.providers.blocklist.BlocklistProvider"
    settings.MODERATION_PROVIDERS = [
        {"BACKEND": backend, "OPTIONS": {"packs": [], "rules": [RULE]}}
    ]


@pytest.fixture
def moderator(room, signed_in):
    return signed_in(make_member(room, role=Membership.Role.MODERATOR).user)


def logged(room):
    content = Content(
        subject_type="message", subject_id=uuid.uuid4(), revision=1, text=TEXT, scope_id=room.id
    )
    record([(content, judge_texts([TEXT])[0])])
    return ModerationLog.objects.get(subject_id=content.subject_id)


@pytest.mark.proves("S66")
def test_erased_texts_are_said_to_be_erased(room, moderator):
    content = Content(
        subject_type="message", subject_id=uuid.uuid4(), revision=1, text=TEXT, scope_id=room.id
    )
    signal = Signal(provider="judge", raw={"rationale": TEXT})
    record([(content, Verdict(outcome=Outcome.HOLD, signals=(signal,)))])
    line, case = ModerationLog.objects.get(), Case.objects.get()
    paths = [f"{LOGS}{line.id}/", f"{CASES}{case.id}/"]
    assert moderator.get(paths[0]).json()["texts"] == "kept"
    assert moderator.get(paths[1]).json()["text"] == TEXT

    erase_texts(subject_ids=[content.subject_id])

    assert moderator.get(paths[0]).json()["texts"] == "erased"
    assert [each["texts"] for each in moderator.get(LOGS).json()["results"]] == ["erased"]
    for body in (moderator.get(paths[1]).json(), moderator.get(CASES).json()["results"][0]):
        assert (body["text"], body["is_erased"]) == ("", True)
    assert TEXT not in "".join(moderator.get(path).text for path in (LOGS, CASES, *paths))


def test_decision_names_rule_place_scores_and_facts(room, moderator):
    line = logged(room)

    body = moderator.get(f"{LOGS}{line.id}/").json()

    (match,) = body["matches"]
    assert TEXT[match["start"] : match["end"]] == "1d10t4"
    assert (match["rule"], match["category"], match["outcome"]) == (
        "house/idiota",
        "insult",
        "HOLD",
    )
    assert body["basis"] == {
        "ground": "rule",
        "provider": "blocklist",
        "rule": "house/idiota",
        "category": "insult",
        "score": 0.6,
    }
    assert (body["verdict"], body["decided_by"]) == ("HOLD", "blocklist")
    assert body["signals"]["blocklist"]["model"]
    assert body["signals"]["blocklist"]["latency"] > 0
    assert body["facts"]["author"]["role"] == "MEMBER"
    assert (body["policy"], bool(body["policy_version"])) == ("default", True)


def test_decision_of_another_room_is_not_there(moderator, signed_in):
    line = logged(make_room())

    assert moderator.get(f"{LOGS}{line.id}/").status_code == 404
    assert signed_in(make_user()).get(f"{LOGS}{line.id}/").status_code == 404


def test_line_of_an_older_release_is_explained_as_far_as_it_goes(room, moderator):
    line = ModerationLog.objects.create(
        subject_type="message",
        subject_id=uuid.uuid4(),
        revision=1,
        scope_id=room.id,
        verdict="BLOCK",
        decided_by="blocklist",
        matches=[{"provider": "blocklist", "rule": "r", "category": "hate", "start": 0, "end": 2}],
    )

    body = moderator.get(f"{LOGS}{line.id}/").json()

    assert body["matches"][0]["rule"] == "r"
    assert (body["signals"], body["facts"]) == ({}, {})


def test_text_is_tried_and_nothing_is_stored(moderator):
    asked = {"text": TEXT, "as": {"age_days": 5}, "audience": "minors"}
    answer = moderator.post(TRY, asked, format="json")

    body = answer.json()
    assert (answer.status_code, body["outcome"], body["category"]) == (200, "HOLD", "insult")
    assert [each["text"] for each in body["matches"]] == ["1d10t4"]
    assert body["facts"]["author"]["age_days"] == 5
    assert body["facts"]["room"]["audience"] == "minors"
    assert not ModerationLog.objects.exists()
    assert not Case.objects.exists()


def test_text_is_tried_for_the_audience_of_a_room(room, moderator):
    Room.objects.filter(pk=room.pk).update(audience="adults")

    body = moderator.post(TRY, {"text": TEXT, "room": str(room.id)}).json()

    assert body["facts"]["room"] == {"type": "public", "mode": "pre", "audience": "adults"}


def test_only_moderators_try_texts(signed_in):
    assert signed_in(make_user()).post(TRY, {"text": "oi"}).status_code == 403


def test_command_explains_a_text(capsys):
    call_command("explain", TEXT, "--audience", "minors")

    said = capsys.readouterr().out
    assert said.startswith("HOLD  decided by blocklist (ground rule")
    assert "house/idiota" in said
    assert "audience minors" in said
