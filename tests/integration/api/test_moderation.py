"""Moderation by REST: logs, cases and rulings."""

import uuid

import pytest
from rest_framework.test import APIClient

from moderado.chat.models import Membership
from moderado.core import clock
from moderado.moderation.events import CaseDecided
from moderado.moderation.models import Case
from moderado.moderation.services.recording import record
from moderado.moderation.types import Basis, Category, Content, Outcome, Signal, Verdict
from tests.factories import client_of, make_member, make_room, make_staff, make_user

pytestmark = pytest.mark.django_db

LOGS, CASES = "/api/moderation/logs/", "/api/moderation/cases/"


def judge(room, outcome=Outcome.HOLD, provider="blocklist", text="talvez", **fields):
    content = Content(
        subject_type="message", subject_id=uuid.uuid4(), revision=1, text=text, scope_id=room.id
    )
    opinion = Signal(provider=provider, recommendation=outcome, scores={Category.HATE: 0.6})
    found = {"categories": opinion.scores, "decided_by": provider, **fields}
    basis = Basis(provider=provider)
    verdict = Verdict(outcome=outcome, score=0.6, basis=basis, signals=(opinion,), **found)
    record([(content, verdict)])
    return content


@pytest.fixture
def moderator(room):
    return client_of(make_member(room, role=Membership.Role.MODERATOR).user)


@pytest.fixture
def staff():
    return client_of(make_staff())


@pytest.fixture
def decided(monkeypatch):
    published = []
    monkeypatch.setattr("moderado.moderation.services.deciding.publish", published.append)
    return published


def results(answer):
    assert answer.status_code == 200, answer.data
    return answer.json()["results"]


@pytest.mark.parametrize("path", [LOGS, CASES])
def test_members_and_strangers_see_nothing(room, path):
    judge(room)

    assert client_of(make_member(room).user).get(path).status_code == 403
    assert client_of(make_user()).get(path).status_code == 403
    assert APIClient().get(path).status_code == 401


def test_moderators_see_own_rooms_and_staff_all(room, moderator, staff):
    mine, elsewhere = judge(room), judge(make_room(is_private=True))

    assert [line["message"] for line in results(moderator.get(LOGS))] == [str(mine.subject_id)]
    assert [case["message"] for case in results(moderator.get(CASES))] == [str(mine.subject_id)]
    everything = {str(mine.subject_id), str(elsewhere.subject_id)}
    assert {line["message"] for line in results(staff.get(LOGS))} == everything
    assert {case["message"] for case in results(staff.get(CASES))} == everything


def test_another_room_is_not_there(moderator):
    assert moderator.get(LOGS, {"room": make_room().id}).status_code == 404


def test_log_line_has_provider_and_reason(room, moderator):
    content = judge(room, Outcome.BLOCK)

    (line,) = results(moderator.get(LOGS))

    assert line["room"] == str(room.id)
    assert line["message"] == str(content.subject_id)
    assert (line["verdict"], line["score"], line["provider"]) == ("BLOCK", 0.6, "blocklist")
    assert line["categories"] == {"hate": 0.6}
    assert line["actor"] is None


@pytest.mark.parametrize(
    "query, found",
    [
        ({"verdict": "BLOCK"}, 1),
        ({"verdict": "ALLOW"}, 0),
        ({"provider": "judge"}, 1),
        ({"provider": "nobody"}, 0),
        ({"message": "00000000-0000-7000-8000-000000000000"}, 0),
    ],
)
def test_lines_are_filtered(room, moderator, query, found):
    judge(room, Outcome.BLOCK, "judge")
    judge(room, Outcome.HOLD)

    assert len(results(moderator.get(LOGS, query))) == found


@pytest.mark.parametrize(
    "query",
    [
        {"policy": "escola"},
        {"version": "3"},
        {"policy": "escola", "version": "3", "verdict": "BLOCK"},
        {"category": "threat"},
        {"decided_by": "judge"},
        {},
    ],
)
def test_lines_are_filtered_by_policy_category_step_and_time(room, moderator, query):
    judge(room, policy="default", policy_version="33/1")
    before = clock.estimated()
    found = {Category.THREAT: 0.9}
    wanted = judge(
        room, Outcome.BLOCK, "judge", policy="escola", policy_version="3/1", categories=found
    )
    since = query or {"since": before.isoformat(), "until": "2100-01-01T00:00:00Z"}

    (line,) = results(moderator.get(LOGS, since))

    assert line["message"] == str(wanted.subject_id)
    assert results(moderator.get(LOGS, {**query, "until": before.isoformat()})) == (
        [] if query else results(moderator.get(LOGS))[1:]
    )


def test_lines_of_one_message_in_one_room(room, moderator):
    wanted = judge(room)
    judge(room)

    lines = results(moderator.get(LOGS, {"message": wanted.subject_id, "room": room.id}))

    assert [line["message"] for line in lines] == [str(wanted.subject_id)]


@pytest.mark.parametrize(
    "query",
    [
        {"verdict": "MAYBE"},
        {"message": "x"},
        {"room": "1"},
        {"cursor": "x"},
        {"category": "rude"},
        {"since": "yesterday"},
        {"until": "13:00"},
    ],
)
def test_invalid_log_filter_answers_400(moderator, query):
    answer = moderator.get(LOGS, query)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert set(answer.json()["fields"]) == set(query)


def test_pages_go_from_the_newest_to_the_oldest(room, moderator):
    judged = [str(judge(room).subject_id) for _ in range(5)]

    read, link = [], f"{LOGS}?page_size=2"
    while link:
        page = moderator.get(link).json()
        read += [line["message"] for line in page["results"]]
        link = page["next"]

    assert read == judged[::-1]


def test_case_is_claimed_and_ruled_on(room, moderator, decided):
    judge(room)
    (case,) = results(moderator.get(CASES))

    claimed = moderator.post(f"{CASES}{case['id']}/claim/")
    assert claimed.status_code == 200
    assert claimed.json()["claimed_by"]["name"]
    ruled = moderator.post(
        f"{CASES}{case['id']}/ruling/", {"outcome": "BLOCK", "reason": "hate", "note": "veja"}
    )

    assert ruled.status_code == 200
    assert (ruled.json()["state"], ruled.json()["outcome"]) == ("decided", "BLOCK")
    assert ruled.json()["decided_by"]["name"]
    assert [type(event) for event in decided].count(CaseDecided) == 1
    assert results(moderator.get(CASES)) == []
    assert len(results(moderator.get(CASES, {"state": "decided"}))) == 1
    (line, _machine) = results(moderator.get(LOGS))
    assert line["actor"] == ruled.json()["decided_by"]


def test_claimed_or_decided_case_answers_409(room, moderator, staff, decided):
    judge(room)
    path = f"{CASES}{Case.objects.get().id}"
    ruling = {"outcome": "ALLOW", "reason": "context"}
    moderator.post(f"{path}/claim/")

    for answer in (staff.post(f"{path}/claim/"), staff.post(f"{path}/ruling/", ruling)):
        assert (answer.status_code, answer.json()["code"]) == (409, "case_taken")
    assert moderator.post(f"{path}/ruling/", ruling).status_code == 200
    for answer in (staff.post(f"{path}/claim/"), staff.post(f"{path}/ruling/", ruling)):
        assert (answer.status_code, answer.json()["code"]) == (409, "case_closed")


def test_case_of_another_room_answers_404(moderator, decided):
    judge(make_room())
    path = f"{CASES}{Case.objects.get().id}"

    assert moderator.post(f"{path}/claim/").status_code == 404
    ruling = {"outcome": "ALLOW", "reason": "context"}
    assert moderator.post(f"{path}/ruling/", ruling).status_code == 404
    assert decided == []


def test_user_without_moderated_rooms_sees_no_case(room, decided):
    judge(room)
    path = f"{CASES}{Case.objects.get().id}"
    member = client_of(make_member(room).user)

    assert member.post(f"{path}/claim/").status_code == 404
    assert member.post(f"{path}/ruling/", {"outcome": "ALLOW", "reason": "x"}).status_code == 404
    assert member.post(f"{path}/ruling/", {}).status_code == 404
    assert decided == []


@pytest.mark.parametrize(
    "ruling", [{}, {"outcome": "HOLD", "reason": "x"}, {"outcome": "ALLOW"}, {"reason": "x"}]
)
def test_ruling_requires_outcome_and_reason(room, moderator, ruling, decided):
    judge(room)

    answer = moderator.post(f"{CASES}{Case.objects.get().id}/ruling/", ruling)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert decided == []
