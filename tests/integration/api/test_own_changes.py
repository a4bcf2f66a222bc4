"""GET /api/chat/me/changes/: what a second device of the author finds."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.chat.selectors import own_changes
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.models import Appeal, Report, ReportingSuspension, Ruling
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.retained_words import WITHOUT_CASE
from moderado.enforcement.services.rulings import Proposal, rule
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.services.suspensions import lift_suspension
from moderado.enforcement.types import AppealOutcome, ContentOutcome, SanctionKind
from tests.factories import make_member, make_staff
from tests.integration.chat.steps import wait_until_settled
from tests.rulings import staff_actor

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.proves("R60"),
    pytest.mark.usefixtures("obedient_provider"),
]

CHANGES = "/api/chat/me/changes/"


@pytest.fixture
def devices(room, signed_in):
    """Two sessions of one user, and the user's id."""
    user = make_member(room).user
    return signed_in(user), signed_in(user)


def say(client, room, content):
    return client.post(f"/api/chat/rooms/{room.id}/messages/", {"content": content}).data


def changes(client, **query):
    wait_until_settled()
    answer = client.get(CHANGES, query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def statuses(page):
    return [(message["content"], message["status"]) for message in page["messages"]]


def test_other_device_learns_what_only_the_author_sees(devices, room):
    here, there = devices
    start = changes(there)
    assert (start["reset"], start["more"], start["messages"]) == (True, False, [])

    say(here, room, "one")  # without a client_id
    queued = changes(there, after=start["me"]["cursor"])
    for text in ("BLOCK two", "HOLD three"):
        say(here, room, text)
    screen_waiting()
    judged = changes(there, after=queued["me"]["cursor"])

    assert statuses(queued) == [("one", "PENDING")]
    assert sorted(statuses(judged)) == [
        ("BLOCK two", "REJECTED"),
        ("HOLD three", "HELD"),
        ("one", "APPROVED"),
    ]
    loaded = there.get(f"/api/chat/rooms/{room.id}/messages/").json()["results"]
    assert sorted(judged["messages"], key=lambda each: each["id"]) == sorted(
        loaded, key=lambda each: each["id"]
    )
    assert statuses(changes(there, after=judged["me"]["cursor"])) == []


def test_deletion_of_a_refused_message_is_a_tombstone(devices, room):
    here, there = devices
    message = say(here, room, "BLOCK one")
    screen_waiting()
    cursor = changes(there)["me"]["cursor"]

    here.delete(f"/api/chat/rooms/{room.id}/messages/{message['id']}/")

    assert statuses(changes(there, after=cursor)) == [("", "REMOVED")]


def test_long_absence_is_read_in_pages(devices, room, monkeypatch):
    monkeypatch.setitem(own_changes.own_changes.__kwdefaults__, "limit", 2)
    here, there = devices
    cursor = changes(there)["me"]["cursor"]
    for number in range(5):
        say(here, room, f"{number}")

    pages = [changes(there, after=cursor)]
    while pages[-1]["more"]:
        pages.append(changes(there, after=pages[-1]["me"]["cursor"]))

    assert [len(page["messages"]) for page in pages] == [2, 2, 1]
    assert [text for page in pages for text, _ in statuses(page)] == list("01234")


@pytest.mark.proves("R62")
def test_pages_of_long_texts_fit_into_one_frame(devices, room):
    here, there = devices
    cursor = changes(there)["me"]["cursor"]
    texts = [f"{number} " + "漢" * 3_900 for number in range(30)]  # 12 KB each
    for text in texts:
        say(here, room, text)

    read, more = [], True
    while more:
        page = changes(there, after=cursor)
        cursor, more = page["me"]["cursor"], page["more"]
        assert sum(len(text.encode()) for text, _ in statuses(page)) <= 256 * 1024
        read += statuses(page)

    assert read == [(text, "PENDING") for text in texts]


def test_unknown_cursor_is_a_reset_and_a_long_one_an_error(devices):
    here, _ = devices

    assert changes(here, after="x")["reset"] is True
    assert here.get(CHANGES, {"after": "x" * 257}).status_code == 400


LISTS = {
    "reports": "chat/reports/mine/",
    "appeals": "me/appeals/",
    "sanctions": "me/sanctions/",
    "decisions": "me/decisions/",
}


def staff():
    return staff_actor()


def settle():
    """Let the time in which rulings can be undone pass."""
    Ruling.objects.filter(settled_at=None).update(undo_until=timezone.now())
    settle_rulings()


def overturn():
    """Decide the one appeal."""
    appeal = Appeal.objects.get()
    decide_appeal(actor=staff(), appeal_id=appeal.id, outcome=AppealOutcome.OVERTURNED, reason="-")
    settle()


def follow(client, held, cursor):
    """Bring the lists that a device holds up to date; return the next cursor."""
    page = changes(client, after=cursor)
    for name in (*LISTS, "blocks"):
        held.setdefault(name, {})
        for each in page[name]:
            held[name][each["user"]["id"] if name == "blocks" else each["id"]] = each
    return page["me"]["cursor"]


def loaded_anew(client, name):
    return {each["id"]: each for each in client.get(f"/api/{LISTS[name]}").json()["results"]}


def assert_as_loaded_anew(client, held):
    for name in LISTS:
        assert held[name] == loaded_anew(client, name), name


@pytest.mark.proves("R116")
def test_device_that_was_away_learns_what_became_of_reports_and_their_appeals(devices, room):
    here, there = devices
    cursor, held = changes(there)["me"]["cursor"], {}
    author = make_member(room).user
    message = post_message(author_id=author.id, room_id=room.id, text="one").view
    screen_waiting()

    here.post("/api/chat/reports/", {"message": str(message.id), "category": "hate"})
    cursor = follow(there, held, cursor)
    ((report_id, report),) = held["reports"].items()
    assert report["state"] == "open"
    allowed = Proposal(content=ContentOutcome.ALLOW, reason="hate")
    rule(actor=staff(), case_id=Report.objects.get().case_id, proposal=allowed)
    settle()
    cursor = follow(there, held, cursor)
    assert held["reports"][report_id]["outcome"] == "no_action"
    here.post(f"/api/chat/reports/{report_id}/appeal/", {"text": "Leiam de novo."})
    cursor = follow(there, held, cursor)
    (appeal,) = held["appeals"].values()
    assert (appeal["state"], held["reports"][report_id]["appeal"]) == ("open", "open")
    overturn()
    cursor = follow(there, held, cursor)
    assert held["appeals"][appeal["id"]]["outcome"] == "overturned"
    assert held["reports"][report_id]["outcome"] == "action_taken"
    assert_as_loaded_anew(there, held)


def sanctioned(user_id, kind, **words):
    with transaction.atomic():
        return apply_sanction(user_id=user_id, kind=kind, scope_id=None, term=None, **words)


@pytest.mark.proves("R116", "R316")
def test_device_that_was_away_learns_of_sanctions_statements_and_blocks(devices, room):
    here, there = devices
    cursor, held = changes(there)["me"]["cursor"], {}
    me = UUID(there.get("/api/auth/users/me/").json()["id"])
    other = make_member(room).user
    mute = sanctioned(me, SanctionKind.MUTE, reason="hate", actor_id=None)

    cursor = follow(there, held, cursor)
    assert held["sanctions"][str(mute.id)]["state"] == "active"
    assert held["decisions"][str(mute.id)]["explanation"]
    assert held["sanctions"][str(mute.id)]["appealable"]
    here.post(f"/api/me/decisions/{mute.id}/appeal/", {"text": "Foi engano."})
    cursor = follow(there, held, cursor)
    assert not held["sanctions"][str(mute.id)]["appealable"]
    assert_as_loaded_anew(there, held)
    overturn()
    here.post("/api/me/blocks/", {"user": str(other.id)})
    cursor = follow(there, held, cursor)

    assert held["sanctions"][str(mute.id)]["state"] == "lifted"
    (block,) = there.get("/api/me/blocks/").json()["results"]
    assert held["blocks"] == {str(other.id): {**block, "is_blocked": True}}
    assert_as_loaded_anew(there, held)

    here.delete(f"/api/me/blocks/{other.id}/")
    follow(there, held, cursor)
    ended = {"user": block["user"], "is_blocked": False, "created_at": None}
    assert held["blocks"] == {str(other.id): ended}


def appealed(here, warning, suspension):
    answer = here.post(f"/api/me/decisions/{warning.id}/appeal/", {"text": "Foi engano."})
    assert answer.status_code == 201


def words_erased_by_the_retention(here, warning, suspension):
    with transaction.atomic():
        for words in WITHOUT_CASE:
            words.erase(words.rows(timezone.now() + timedelta(days=400)))
    warning.refresh_from_db()
    assert (warning.reason, warning.public_note) == ("", "")


def taken_back_after_its_term(here, warning, suspension):
    lift_suspension(actor_id=make_staff().id, suspension_id=suspension.id, reason="mistake")


@pytest.mark.proves("R188")
@pytest.mark.parametrize(
    "step", [appealed, words_erased_by_the_retention, taken_back_after_its_term]
)
def test_device_that_was_away_learns_what_no_notice_tells(devices, step):
    here, there = devices
    me = UUID(there.get("/api/auth/users/me/").json()["id"])
    words = {"reason": "Ofensas a Ana", "public_note": "Leia as regras."}
    warning = sanctioned(me, SanctionKind.WARNING, actor_id=make_staff().id, **words)
    over = timezone.now() - timedelta(hours=1)
    suspension = ReportingSuspension.objects.create(
        user_id=me, actor=make_staff(), reason="unfounded_reports", ends_at=over,
        decided_reports=9, rejected_reports=9,
    )  # fmt: skip
    held = {name: loaded_anew(there, name) for name in LISTS}
    cursor = changes(there)["me"]["cursor"]

    step(here, warning, suspension)
    follow(there, held, cursor)

    assert_as_loaded_anew(there, held)


@pytest.mark.proves("R267")
def test_device_that_was_away_learns_of_a_deletion_by_a_moderator(devices, room):
    here, there = devices
    message = here.post(f"/api/chat/rooms/{room.id}/messages/", {"content": "one"}).json()
    screen_waiting()
    moderator = make_member(room, role="MODERATOR").user
    held = {name: loaded_anew(there, name) for name in LISTS}
    cursor = changes(there)["me"]["cursor"]

    delete_message(actor_id=moderator.id, message_id=UUID(message["id"]))
    follow(there, held, cursor)

    assert held["decisions"][message["id"]]["type"] == "deletion"
    assert_as_loaded_anew(there, held)
