"""Blind cases: a random sample of allowed texts that moderators rule on without the verdict."""

import uuid

import pytest
from django.utils import timezone

from moderado.enforcement.selectors import cases as case_selectors
from moderado.enforcement.types import Actor
from moderado.moderation import selectors
from moderado.moderation.errors import BlindCase
from moderado.moderation.models import (
    Case,
    Evaluation,
    ModerationLog,
    ProviderCall,
    ShadowResult,
)
from moderado.moderation.services.recording import record
from moderado.moderation.services.sampling import is_drawn
from moderado.moderation.types import Category, Outcome, Verdict
from tests import rulings
from tests.factories import make_member, make_message, make_room, make_staff, make_user
from tests.integration.moderation.conftest import make_content

pytestmark = pytest.mark.django_db

ALLOWED = Verdict(outcome=Outcome.ALLOW, decided_by="blocklist")
FLAGGED = Verdict(
    outcome=Outcome.FLAG,
    decided_by="blocklist",
    score=0.7,
    categories={Category.INSULT: 0.7},
)
ROOM = uuid.uuid4()


@pytest.fixture(autouse=True)
def _sampled(settings):
    settings.AUDIT_SAMPLE = 0.5


def drawn_content(rate=0.5, *, drawn=True, **fields):
    while True:
        content = make_content(scope_id=ROOM, **fields)
        if is_drawn("audit", content.subject_id, content.revision, rate) is drawn:
            return content


def stored(content):
    return Case.objects.filter(subject_id=content.subject_id)


def queue():
    return case_selectors.cases(
        actor=Actor(id=make_user().id, scope_ids=[ROOM]), wanted=case_selectors.CaseFilter()
    )


def test_share_of_subjects_is_drawn_by_chance_and_always_the_same():
    ids = [uuid.UUID(int=number) for number in range(20_000)]

    drawn = [is_drawn("audit", each, 1, 0.05) for each in ids]

    assert drawn == [is_drawn("audit", each, 1, 0.05) for each in ids]
    assert 0.045 < sum(drawn) / len(drawn) < 0.055
    both = [is_drawn("shadow", each, 1, 0.05) and now for each, now in zip(ids, drawn, strict=True)]
    assert sum(both) < 0.005 * len(ids)  # another purpose is another sample
    assert all(is_drawn("audit", each, 1, 0.1) for each, now in zip(ids, drawn, strict=True) if now)


def test_another_key_draws_another_sample(settings):
    ids = [uuid.uuid4() for _ in range(500)]
    before = [is_drawn("audit", each, 1, 0.5) for each in ids]

    settings.SECRET_KEY = "another key that is long enough to be a key of this server"

    assert [is_drawn("audit", each, 1, 0.5) for each in ids] != before


@pytest.mark.proves("R89")
def test_drawn_allowed_text_opens_one_blind_case_however_often_it_is_judged():
    content, other = drawn_content(), drawn_content(drawn=False)

    for _ in range(2):
        record([(content, ALLOWED), (other, ALLOWED)])

    case = stored(content).get()
    assert (case.is_blind, case.sampling, case.origin) == (True, 0.5, Case.Origin.FLAG)
    assert not stored(other).exists()


@pytest.mark.parametrize(
    "verdict, fields",
    [
        (Verdict(outcome=Outcome.ALLOW, decided_by="off"), {}),
        (Verdict(outcome=Outcome.ALLOW, decided_by="exempt"), {}),
        (Verdict(outcome=Outcome.BLOCK), {}),
        (ALLOWED, {"subject_type": "user_name"}),
    ],
)
def test_what_was_not_judged_and_allowed_is_not_sampled(verdict, fields):
    content = drawn_content(**fields)

    record([(content, verdict)])

    assert not stored(content).exists()


def test_rate_of_zero_draws_nothing_and_shows_every_verdict(settings):
    settings.AUDIT_SAMPLE = 0.0
    content, flagged = drawn_content(), drawn_content(0.1)

    record([(content, ALLOWED), (flagged, FLAGGED)])

    assert not stored(content).exists()
    assert stored(flagged).get().score == 0.7


@pytest.mark.proves("R89")
def test_blind_cases_of_allowed_and_of_flagged_texts_look_alike():
    record([(drawn_content(0.1, text="same"), ALLOWED), (drawn_content(0.1, text="same"), FLAGGED)])

    seen = [(case.origin, case.score, case.categories, case.text, case.reason) for case in queue()]

    assert seen[0] == seen[1]
    assert case_selectors.case_counts(actor=Actor(id=uuid.uuid4(), scope_ids=[ROOM])).flag == 2


@pytest.mark.proves("R89")
def test_log_shows_the_verdict_of_a_blind_case_after_the_ruling(decided):
    content = drawn_content(0.1)
    record([(content, FLAGGED)])
    wanted = selectors.LogFilter(subject_id=content.subject_id)
    line = ModerationLog.objects.get(subject_id=content.subject_id)

    assert not selectors.logs(wanted=wanted, scope_ids=None).exists()
    with pytest.raises(BlindCase):
        selectors.get_log(log_id=line.id, scope_ids=None)
    case = rulings.rule(
        actor_id=make_user().id,
        case_id=stored(content).get().id,
        outcome="ALLOW",
        reason="fine",
        scope_ids=None,
    )

    assert (case.score, case.categories) == (0.7, ["insult"])
    assert selectors.logs(wanted=wanted, scope_ids=None).count() == 2
    assert selectors.get_log(log_id=line.id, scope_ids=None) == line


@pytest.mark.proves("R89")
def test_ruling_that_blocks_a_sampled_message_hides_it(settings):
    settings.AUDIT_SAMPLE = 1.0
    room = make_room()
    message = make_message(room, author=make_member(room).user, status="APPROVED", seq=1)
    content = make_content(subject_id=message.id, scope_id=room.id, author_id=message.author_id)
    record([(content, ALLOWED)])

    rulings.rule(
        actor_id=make_user().id,
        case_id=stored(content).get().id,
        outcome="BLOCK",
        reason="insult",
        scope_ids=None,
    )

    message.refresh_from_db()
    assert (message.status, message.reason) == ("REJECTED", "removed")


def test_api_names_the_sample_only_after_the_ruling(client, decided):
    content = drawn_content()
    record([(content, ALLOWED)])
    case_id = stored(content).get().id
    client.force_login(make_staff())
    address = f"/api/moderation/cases/{case_id}/"

    before = client.get(address).json()
    client.post(f"{address}ruling/", {"outcome": "ALLOW", "reason": "ok"}, "application/json")
    after = client.get(address).json()

    assert (before["was_sampled"], after["was_sampled"]) == (False, True)
    assert (before["score"], before["categories"]) == (0.0, [])
    assert not {"is_blind", "sampling"} & before.keys()


@pytest.mark.proves("R89")
def test_no_page_tells_the_verdict_of_a_blind_case_before_the_ruling(client, decided):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    content = drawn_content(0.1)
    subject = {"subject_type": "message", "subject_id": content.subject_id, "revision": 1}
    record([(content, FLAGGED)])
    example = {**subject, "subject": str(content.subject_id), "before": "FLAG", "after": "ALLOW"}
    del example["subject_id"]
    now = timezone.now()
    asked = Evaluation.objects.create(
        kind="replay", since=now, until=now, results={"examples": [example]}
    )
    call = ProviderCall.objects.create(provider="p", state="answered", error="", **subject)
    shadow = ShadowResult.objects.create(
        policy="p", policy_version="1", line_id=uuid.uuid4(), decided="FLAG", **subject
    )
    pages = [f"/admin/moderation/{each._meta.model_name}/{each.pk}/change/"
             for each in (call, shadow)]  # fmt: skip
    address = f"/api/moderation/evaluations/{asked.id}/"

    assert client.get(address).json()["results"] == {"examples": []}
    assert [client.get(page).status_code for page in pages] == [302, 302]
    case_id = stored(content).get().id
    rulings.rule(
        actor_id=make_user().id, case_id=case_id, outcome="ALLOW", reason="fine", scope_ids=None
    )

    assert client.get(address).json()["results"] == {"examples": [example]}
    assert [client.get(page).status_code for page in pages] == [200, 200]
