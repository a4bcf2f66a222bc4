"""Cases and rulings by REST: /api/enforcement/."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.api.pagination import Cursor
from moderado.chat.models import Membership, Message
from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.models import AuditLine, CaseNote, Ruling
from moderado.moderation.models import Case
from tests.factories import ENFORCING, MODERATING, client_of, make_member, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

CASES, QUEUES = "/api/enforcement/cases/", "/api/enforcement/queues/"


@pytest.fixture
def moderator(room):
    return client_of(make_member(room, role=Membership.Role.MODERATOR).user)


@pytest.fixture
def staff():
    return client_of(make_staff(*MODERATING, *ENFORCING))


def say(author, room, *texts):
    for text in texts:
        post_message(author_id=author.id, room_id=room.id, text=text)
        screen_waiting()


def sent(client, path, body=None, method="post"):
    answer = getattr(client, method)(path, body or {}, format="json")
    assert answer.status_code < 300, answer.content
    return answer.json() if answer.content else None


def test_moderator_decides_content_and_author_and_undoes_it(room, alice, moderator):
    say(alice, room, "HOLD this")
    (case,) = moderator.get(CASES).json()["results"]
    path = f"{CASES}{case['id']}/"

    sent(moderator, f"{path}claim/")
    sent(moderator, f"{path}notes/", {"text": "veja"})
    ruling = {
        "content": "remove",
        "sanctions": [{"kind": "mute", "term_seconds": 60, "scope": "room"}],
        "reason": "hate",
        "public_note": "não pode",
        "revision": 1,
    }
    made = sent(moderator, f"{path}ruling/", ruling)

    assert set(made) == {"ruling", "effective_at", "undo_until"}
    assert Message.objects.get().status == "REJECTED"
    shown = moderator.get(path).json()
    assert shown["state"] == "decided"
    assert [note["text"] for note in shown["notes"]] == ["veja"]
    assert [sanction["kind"] for sanction in shown["author_card"]["sanctions"]] == ["mute"]
    kinds = [each["kind"] for each in shown["timeline"]]
    assert (sorted(kinds[:2]), kinds[2:]) == (["opened", "verdict"], ["note", "ruling"])
    assert "obedient" in str(shown["signals"]).lower()
    sent(moderator, f"/api/enforcement/rulings/{made['ruling']['id']}/undo/")
    assert Message.objects.get().status == "HELD"
    shown = moderator.get(path).json()
    assert (shown["state"], shown["author_card"]["sanctions"]) == ("open", [])


def test_case_shows_earlier_decisions_on_its_author(room, alice, moderator, staff):
    say(alice, room, "HOLD one", "HOLD two", "HOLD three")
    first, second, third = (
        f"{CASES}{each['id']}/" for each in moderator.get(CASES).json()["results"]
    )
    mute = {"kind": "mute", "term_seconds": 60, "scope": "room"}
    removal = {"content": "remove", "reason": "hate", "revision": 1}
    made = sent(moderator, f"{first}ruling/", removal | {"sanctions": [mute]})["ruling"]
    undone = sent(moderator, f"{second}ruling/", removal)["ruling"]
    sent(moderator, f"/api/enforcement/rulings/{undone['id']}/undo/")

    def decisions(client, path=third):
        return client.get(path).json()["author_card"]["decisions"]

    earlier = {
        "id": made["id"], "case": made["case"], "subject_type": "message", "content": "remove",
        "reason": "hate", "sanctions": ["mute"], "created_at": made["created_at"],
        "is_reversed": False,
    }  # fmt: skip
    assert decisions(moderator) == [earlier]
    assert decisions(moderator, first) == [], "its own rulings stand in the case"

    Ruling.objects.update(undo_until=Ruling.objects.get(pk=made["id"]).created_at)
    sent(staff, f"/api/enforcement/rulings/{made['id']}/reverse/", {"reason": "context"})
    assert decisions(moderator) == [earlier | {"is_reversed": True}]

    Case.objects.filter(pk=made["case"]).update(categories=["child_safety"])
    assert decisions(staff) == [], "a look at it would have to be logged"


def test_case_is_released_snoozed_and_escalated(room, alice, moderator, staff):
    say(alice, room, "HOLD this")
    (case,) = moderator.get(CASES).json()["results"]
    path = f"{CASES}{case['id']}/"
    sent(staff, f"{path}claim/")

    assert moderator.post(f"{path}release/").json()["code"] == "case_taken"
    sent(staff, f"{path}release/")
    sent(moderator, f"{path}snooze/", {"until": timezone.now() + timedelta(days=29)})
    assert moderator.get(CASES).json()["results"] == []
    assert len(moderator.get(CASES, {"state": "snoozed"}).json()["results"]) == 1
    escalated = sent(moderator, f"{path}escalate/")
    assert escalated["state"] == "escalated"
    assert sent(staff, f"{path}escalate/")["escalated_at"] == escalated["escalated_at"]
    assert moderator.post(f"{path}claim/").json()["code"] == "case_escalated"
    sent(staff, f"{path}claim/")


@pytest.mark.proves("S233")
def test_case_is_not_put_off_for_ever(room, alice, moderator):
    say(alice, room, "HOLD this")
    (case,) = moderator.get(CASES).json()["results"]

    for until in (timezone.now() + timedelta(days=31), "9999-12-31T23:59:59Z"):
        answer = moderator.post(f"{CASES}{case['id']}/snooze/", {"until": until})
        assert answer.status_code == 400
        assert answer.json()["fields"] == {"until": "Um momento nos próximos 30 dias."}
    assert len(moderator.get(CASES).json()["results"]) == 1


def test_pages_go_by_priority_without_skipping(room, alice, moderator):
    say(alice, room, *(f"HOLD {number}" for number in range(5)))

    read, link = [], f"{CASES}?page_size=2"
    while link:
        page = moderator.get(link).json()
        read += [case["text"] for case in page["results"]]
        link = page["next"]

    assert read == [f"HOLD {number}" for number in range(5)]


@pytest.mark.proves("S145")
@pytest.mark.parametrize("place", ["Infinity", "-inf", "NaN", "9" * 99 + "e999", "x"])
def test_cursor_without_a_finite_place_is_refused(moderator, place):
    cursor = Cursor(">", place, "0197b1a0-0000-7000-8000-000000000001").encoded()

    answer = moderator.get(CASES, {"cursor": cursor})

    assert (answer.status_code, answer.json()["fields"].keys()) == (400, {"cursor"})


def test_operators_change_queues_and_moderators_read_counts(room, alice, moderator, staff):
    queue = sent(staff, QUEUES, {"name": "holds", "filter": {"origin": ["hold"]}})
    say(alice, room, "HOLD this", "FLAG this")

    (shown,) = moderator.get(QUEUES).json()["results"]
    assert (shown["name"], shown["open_count"], shown["target_seconds"]) == ("holds", 1, 86_400)
    cases = moderator.get(CASES, {"queue": queue["id"]}).json()["results"]
    assert [(case["text"], case["queue"]) for case in cases] == [("HOLD this", queue["id"])]
    changed = sent(staff, f"{QUEUES}{queue['id']}/", {"target_seconds": 7200}, "patch")
    assert changed["target_seconds"] == 7200
    assert staff.post(QUEUES, {"name": "holds"}, format="json").json()["code"] == "queue_exists"
    sent(staff, f"{QUEUES}{queue['id']}/", method="delete")


def test_bulk_counts_first(room, alice, moderator):
    say(alice, room, "FLAG this", "HOLD this")
    asked = {"filter": {"origin": "flag"}, "ruling": {"content": "allow", "reason": "ok"}}

    dry = sent(moderator, "/api/enforcement/bulk/", asked | {"dry_run": True})
    started = sent(moderator, "/api/enforcement/bulk/", asked)

    assert (dry["matched"], dry["state"]) == (1, "dry_run")
    assert sent(moderator, f"/api/enforcement/bulk/{started['id']}/", method="get")["matched"] == 1


def test_staff_need_a_permission_for_sanctions(room, alice):
    say(alice, room, "HOLD this")
    staff = client_of(make_staff(*MODERATING, "bulk_rule"))
    (case,) = staff.get(CASES).json()["results"]
    ban = {"content": "remove", "reason": "-", "sanctions": [{"kind": "ban", "scope": "server"}]}

    for path, body in (
        (f"{CASES}{case['id']}/ruling/", ban | {"revision": 1}),
        ("/api/enforcement/bulk/", {"filter": {}, "ruling": ban}),
    ):
        assert staff.post(path, body, format="json").json()["code"] == "forbidden"


@pytest.mark.proves("S84")
def test_filter_with_an_unknown_field_is_refused(room, alice):
    say(alice, room, "HOLD this")
    client = client_of(make_staff(*MODERATING, *ENFORCING, "bulk_rule", "add_queue"))
    ruling = {"content": "remove", "reason": "spam"}
    wide = {"catgory": "spam"}  # without the check, this is every case of the server

    for path, body in (
        ("/api/enforcement/bulk/", {"filter": wide, "ruling": ruling, "dry_run": True}),
        (QUEUES, {"name": "Spam", "filter": wide, "target_seconds": 60}),
    ):
        answer = client.post(path, body, format="json")

        assert answer.status_code == 400
        assert list(answer.json()["fields"]) == ["filter.catgory"]


@pytest.mark.proves("S84")
def test_names_and_reasons_of_staff_are_one_visible_line():
    client = client_of(make_staff(*MODERATING, "add_queue"))
    forged = {"name": "Spam\u202e\n\u200bXYZ", "filter": {}, "target_seconds": 60}

    assert sent(client, QUEUES, forged)["name"] == "Spam XYZ"
    assert client.post(QUEUES, forged | {"name": "\u3164"}, format="json").status_code == 400


@pytest.mark.proves("S85")
def test_repeated_note_is_stored_once(room, alice, moderator):
    say(alice, room, "HOLD this", "HOLD that")
    path, other = (f"{CASES}{case['id']}/" for case in moderator.get(CASES).json()["results"])
    colleague = client_of(make_member(room, role="MODERATOR").user)

    def written(client=moderator, at=path, text="veja"):
        return client.post(f"{at}notes/", {"text": text}, format="json")

    first, again = written(), written(text=" veja ")
    others = [written(text="veja!"), written(at=other), written(client=colleague)]

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert [each.status_code for each in others] == [201, 201, 201]
    assert CaseNote.objects.count() == 4
    assert AuditLine.objects.filter(action="case_note_written").count() == 4
    CaseNote.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    assert written().status_code == 201  # a minute later it is another one
