"""GET /api/chat/me/changes/: what a second device of the author finds."""

import pytest

from moderado.chat.selectors import own_changes
from moderado.chat.services.screening import screen_waiting
from tests.factories import make_member, make_room
from tests.integration.chat.steps import wait_until_settled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("R60")]

CHANGES = "/api/chat/me/changes/"


@pytest.fixture(autouse=True)
def _obedient_provider(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Obedient"}]


@pytest.fixture
def room():
    return make_room()


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
