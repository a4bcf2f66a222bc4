"""Messages by REST: the service, fields and refusals of the socket."""

import json
import re
from uuid import uuid4

import pytest
from rest_framework.serializers import DateTimeField

from moderado.chat.models import Membership, Message
from moderado.chat.projection import view_for
from moderado.chat.services.screening import screen_waiting
from moderado.core.clock import wire_time
from moderado.realtime.wire.encode import author_frame
from moderado.realtime.wire.protocol import MessageQueued, encode
from tests.factories import make_member, make_message, make_room, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

Status = Message.Status

MESSAGE = {
    "id",
    "room",
    "client_id",
    "author",
    "content",
    "status",
    "revision",
    "position",
    "seq",
    "reply_to",
    "created_at",
    "edited_at",
    "published_at",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


@pytest.fixture
def ana(room, signed_in):
    client = signed_in(make_member(room).user)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def bob(room, signed_in):
    return signed_in(make_member(room).user)


def path(room, rest="messages/"):
    return f"/api/chat/rooms/{room.id}/{rest}"


def say(client, room, content="bom dia", **fields):
    return client.post(path(room), {"content": content, **fields})


def contents(answer):
    return [message["content"] for message in answer.data["results"]]


@pytest.mark.proves("R323")
@pytest.mark.parametrize("microsecond", [0, 1, 120_000, 999_999])
def test_answers_and_frames_write_a_time_alike(ana, room, microsecond):
    member = make_member(room)
    message = make_message(room=room, author=member.user, status=Status.APPROVED, seq=1)
    moment = message.created_at.replace(microsecond=microsecond)
    Message.objects.filter(pk=message.pk).update(created_at=moment)
    message.refresh_from_db()

    view = view_for(message, reader_id=member.user.id, language="en")
    in_frame = json.loads(encode(author_frame(MessageQueued, view)))["message"]["created_at"]
    listed = ana.get(path(room)).json()["results"][0]["created_at"]
    by_serializer = DateTimeField().to_representation(moment)

    assert listed == in_frame == by_serializer == wire_time(moment)


def test_post_answers_202_with_a_pending_message(ana, bob, room):
    answer = say(ana, room, "  bom dia ", client_id="1")

    assert answer.status_code == 202
    message = answer.data
    assert set(message) == MESSAGE
    assert (message["status"], message["content"]) == ("PENDING", "bom dia")
    assert (message["room"], message["client_id"]) == (str(room.id), "1")
    assert TIME.fullmatch(message["created_at"])
    assert message["published_at"] is None
    assert contents(ana.get(path(room))) == ["bom dia"]
    assert contents(bob.get(path(room))) == []


def test_approved_message_is_readable_by_all(ana, bob, room):
    say(ana, room)
    screen_waiting()

    (message,) = bob.get(path(room)).data["results"]

    assert (message["status"], message["seq"], message["position"]) == ("APPROVED", 1, 1)
    assert TIME.fullmatch(message["published_at"])


def test_rejected_message_is_readable_by_its_author_with_reason(ana, bob, room):
    say(ana, room, "BLOCK canary")
    screen_waiting()

    (message,) = ana.get(path(room)).data["results"]

    assert message["status"] == "REJECTED"
    assert {"reason", "categories", "explanation", "appealable"} <= set(message)
    for rest in ("messages/", "changes/", "search/?q=canary", ""):
        assert "canary" not in bob.get(path(room, rest)).content.decode()


def test_repeated_client_id_answers_the_first_message(ana, room):
    first = say(ana, room, client_id="x")
    again = say(ana, room, client_id="x")

    assert (again.status_code, again.data) == (202, first.data)
    assert Message.objects.count() == 1


@pytest.mark.proves("S22")
def test_repeated_client_id_with_another_text_is_a_conflict(ana, room):
    say(ana, room, client_id="x")

    answer = say(ana, room, "boa noite", client_id="x")

    assert (answer.status_code, answer.data["code"]) == (409, "conflict")
    assert Message.objects.get().text == "bom dia"


@pytest.mark.proves("S23")
@pytest.mark.proves("R56")
def test_repeat_is_answered_after_the_original_was_deleted_and_the_author_removed(
    ana, bob, room, settings
):
    original = say(bob, room).data["id"]
    screen_waiting()
    first = say(ana, room, client_id="x", reply_to=original)
    bob.delete(path(room, f"messages/{original}/"))
    Membership.objects.filter(user=first.data["author"]["id"]).delete()
    room.is_private = True
    room.save()
    settings.ENV = settings.ENV.model_copy(
        update={"message_max_length": 3, "limit_messages_per_user": "0/minute"}
    )

    again = say(ana, room, client_id="x", reply_to=original)
    other = say(ana, room, "boa noite", client_id="x", reply_to=original)

    assert (again.status_code, again.data["id"]) == (202, first.data["id"])
    assert (other.status_code, other.data["code"]) == (409, "conflict")
    assert say(ana, room, "oi").status_code == 404
    assert not Membership.objects.filter(user=first.data["author"]["id"]).exists()


@pytest.mark.proves("R56")
def test_repeated_edit_is_answered_after_a_limit_was_lowered(ana, room, settings):
    message = say(ana, room).data["id"]
    where = path(room, f"messages/{message}/")
    ana.patch(where, {"content": "boa tarde"})
    settings.ENV = settings.ENV.model_copy(update={"message_max_length": 3})

    assert ana.patch(where, {"content": "boa tarde"}).status_code == 200
    refused = ana.patch(where, {"content": "boa noite"})
    assert (refused.status_code, list(refused.data["fields"])) == (400, ["content"])


def test_client_id_is_unique_per_room(ana, room):
    here, there = say(ana, room, client_id="x"), say(ana, make_room(), client_id="x")

    assert here.data["id"] != there.data["id"]


def test_first_message_in_a_public_room_joins_its_author(signed_in, room):
    user = make_user()

    assert say(signed_in(user), room).status_code == 202

    assert Membership.objects.get(room=room, user=user).role == "MEMBER"


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "content"),
        ({"content": 5}, "content"),
        ([], "body"),
        ({"content": None}, "content"),
        ({"content": ["x"]}, "content"),
        ({"content": "   "}, "content"),
        ({"content": "x" * 4001}, "content"),
        ({"content": "a\0b"}, "content"),
        ({"content": "x", "client_id": ""}, "client_id"),
        ({"content": "x", "client_id": "x" * 65}, "client_id"),
        ({"content": "x", "client_id": " x"}, "client_id"),
        ({"content": "x", "client_id": "\0"}, "client_id"),
        ({"content": "x", "client_id": {}}, "client_id"),
        ({"content": "x", "reply_to": "x"}, "reply_to"),
    ],
)
def test_invalid_text_names_the_field(ana, room, body, field):
    answer = ana.post(path(room), body)

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert set(answer.data["fields"]) == {field}
    assert not Message.objects.exists()


@pytest.mark.parametrize("wrong", [r"\ud800", r"a\u0000b"])
def test_unstorable_text_is_invalid(ana, room, wrong):
    answer = ana.post(path(room), f'{{"content": "{wrong}"}}', content_type="application/json")

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert set(answer.data["fields"]) == {"content"}


def test_read_only_fields_are_ignored(ana, room):
    author = make_user()

    message = say(
        ana, room, status="APPROVED", author=str(author.id), seq=9, position=9, id=str(uuid4())
    ).data

    row = Message.objects.get()
    assert (row.status, row.seq, row.position) == ("PENDING", 0, 0)
    assert message["author"]["id"] != str(author.id)


def test_reply_names_its_original(ana, bob, room):
    say(ana, room)
    screen_waiting()
    first = Message.objects.get()

    answer = say(bob, room, "boa tarde", reply_to=str(first.id))

    assert answer.data["reply_to"] == str(first.id)


def test_message_quota_answers_429_with_retry_after(ana, room, settings):
    settings.ENV = settings.ENV.model_copy(update={"limit_messages_per_user": "2/minute"})

    answers = [say(ana, room, str(n)) for n in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].data["code"] == "rate_limited"
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert Message.objects.count() == 2


def test_edit_is_judged_before_it_is_visible(ana, bob, room):
    message = say(ana, room).data
    screen_waiting()
    one = path(room, f"messages/{message['id']}/")

    edited = ana.patch(one, {"content": "boa tarde"})

    assert edited.status_code == 200
    assert (edited.data["content"], edited.data["status"]) == ("bom dia", "APPROVED")
    assert edited.data["edit"]["content"] == "boa tarde"
    assert contents(bob.get(path(room))) == ["bom dia"]
    screen_waiting()
    (after,) = bob.get(path(room)).data["results"]
    assert (after["content"], after["revision"], after["position"]) == ("boa tarde", 2, 1)


def test_others_may_not_edit_it_and_moderators_may_delete_it(ana, bob, room, signed_in):
    message = say(ana, room).data
    screen_waiting()
    one = path(room, f"messages/{message['id']}/")
    moderator = signed_in(make_member(room, role="MODERATOR").user)

    assert bob.patch(one, {"content": "mine"}).status_code == 403
    assert moderator.patch(one, {"content": "mine"}).status_code == 403
    assert bob.delete(one).status_code == 403
    gone = moderator.delete(one)

    assert gone.status_code == 200
    assert (gone.data["status"], gone.data["content"]) == ("REMOVED", "")
    assert contents(ana.get(path(room))) == []


def test_message_of_another_room_answers_404(ana, room):
    elsewhere = make_room()
    message = say(ana, elsewhere).data

    for answer in (
        ana.patch(path(room, f"messages/{message['id']}/"), {"content": "x"}),
        ana.delete(path(room, f"messages/{message['id']}/")),
    ):
        assert (answer.status_code, answer.data["code"]) == (404, "no_such_message")


def test_unpublished_message_of_another_user_answers_404(ana, bob, room):
    message = say(ana, room).data

    answer = bob.patch(path(room, f"messages/{message['id']}/"), {"content": "x"})

    assert answer.status_code == 404


def test_feed_returns_present_states(ana, bob, room):
    first, second = say(ana, room, "um").data, say(ana, room, "dois").data
    screen_waiting()
    epoch = bob.get(path(room, "")).data["epoch"]
    ana.delete(path(room, f"messages/{first['id']}/"))

    feed = bob.get(path(room, "changes/"), {"after": 0, "epoch": epoch}).data

    assert set(feed) == {"room", "seq", "epoch", "reset", "more", "messages"}
    assert (feed["seq"], feed["epoch"], feed["reset"], feed["more"]) == (3, epoch, False, False)
    assert [(m["id"], m["seq"], m["status"], m["content"]) for m in feed["messages"]] == [
        (second["id"], 2, "APPROVED", "dois"),
        (first["id"], 3, "REMOVED", ""),
    ]
    assert all(TIME.fullmatch(message["created_at"]) for message in feed["messages"])
    later = bob.get(path(room, "changes/"), {"after": 3, "epoch": epoch}).data
    assert (later["messages"], later["reset"]) == ((), False)


@pytest.mark.proves("R36")
@pytest.mark.parametrize("asked", [{"after": 99}, {"epoch": str(uuid4())}])
def test_unknown_epoch_answers_reset(ana, room, asked):
    feed = ana.get(path(room, "changes/"), asked).data

    assert feed["reset"] is True
    assert feed["messages"] == ()
    assert feed["epoch"] == str(room.epoch)


@pytest.mark.parametrize("asked", [{"after": "x"}, {"after": -1}, {"epoch": "x"}])
def test_invalid_feed_parameters_answer_400(ana, room, asked):
    answer = ana.get(path(room, "changes/"), asked)

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")


def test_search_gives_pages_of_messages_best_first(ana, room):
    for n in range(25):
        make_message(room, text=f"mensagem {n}", status=Status.APPROVED, position=n)
    make_message(room, text="outra coisa", status=Status.APPROVED)

    page = ana.get(path(room, "search/"), {"q": "mensagens"}).data

    assert set(page) == {"count", "next", "previous", "results"}
    assert (page["count"], len(page["results"])) == (25, 20)
    assert set(page["results"][0]) == MESSAGE - {"client_id"}  # of another author
    assert len(ana.get(page["next"]).data["results"]) == 5


@pytest.mark.parametrize("query", ["", "?q=", "?q=%00", f"?q={'x' * 201}"])
def test_search_wants_words(ana, room, query):
    answer = ana.get(path(room, f"search/{query}"))

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert set(answer.data["fields"]) == {"q"}


@pytest.mark.proves("S56")
@pytest.mark.parametrize("status", [Status.APPROVED, Status.REMOVED])
def test_client_id_is_shown_to_its_author_only(signed_in, room, status):
    author = make_member(room, role="ADMIN").user
    make_message(
        room, author=author, client_id="secret", text="mensagem", status=status, seq=1, position=1
    )
    room.seq = 1
    room.save()

    for reader, sees in ((author, True), (make_member(room).user, False)):
        client = signed_in(reader)
        answers = [
            client.get(path(room, "messages/")),
            client.get(path(room, "changes/?after=0")),
            client.get(path(room, "search/?q=mensagem")),
            client.get("/api/chat/rooms/"),
        ]
        shown = "".join(answer.content.decode() for answer in answers)
        assert ("secret" in shown) is sees
        assert '"role":"ADMIN"' in shown
