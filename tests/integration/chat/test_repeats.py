"""A repeat is recognized before anything is validated, counted or changed, and changes nothing."""

import threading

import msgspec
import pytest
from django.db import connection
from django.utils import timezone

from moderado.chat.errors import Conflict, MessageGone, NoSuchMessage, NoSuchRoom, NotTheAuthor
from moderado.chat.models import Membership, Message, Room
from moderado.chat.services import repeats
from moderado.chat.services.editing import _edit, _Sent, edit_message
from moderado.chat.services.memberships import leave_room, remove_participant
from moderado.chat.services.posting import post_message, post_messages
from moderado.chat.services.removing import delete_message
from moderado.chat.services.repeats import Found
from moderado.chat.services.rooms import delete_room, update_room
from moderado.chat.types import SendRequest
from moderado.core import errors, redis
from moderado.core.errors import Invalid, RateLimited
from moderado.core.ids import new_id
from tests.factories import make_member, make_room, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R56")]


def request_of(author, room, text="bom dia", client_id="1", **fields):
    return SendRequest(
        author_id=author.id, room_id=room.id, text=text, client_id=client_id, **fields
    )


def alone(request):
    return post_message(
        author_id=request.author_id,
        room_id=request.room_id,
        text=request.text,
        client_id=request.client_id,
        reply_to=request.reply_to,
    )


def in_a_batch(request):
    (outcome,) = post_messages([request])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@pytest.fixture(params=[alone, in_a_batch])
def send(request):
    return request.param


@pytest.fixture
def limit(settings):
    """Set a limit, and forget what was counted."""

    def limit(**fields):
        settings.ENV = settings.ENV.model_copy(update=fields)
        redis.client().flushdb()

    return limit


def delete_the_original(request, _):
    original = Message.objects.get(pk=request.reply_to)
    delete_message(actor_id=original.author_id, message_id=original.id)


def leave(request, _):
    leave_room(user_id=request.author_id, room_id=request.room_id)


def be_removed(request, _):
    remove_participant(actor_id=None, room_id=request.room_id, user_id=request.author_id)


def be_removed_from_a_private_room(request, _):
    update_room(actor_id=None, room_id=request.room_id, is_private=True)
    be_removed(request, _)


def close_the_room(request, _):
    delete_room(actor_id=None, room_id=request.room_id)


def shorten_texts(_, limit):
    limit(message_max_length=3)


def use_up_the_account(_, limit):
    limit(limit_messages_per_user="0/minute")


def use_up_the_room(_, limit):
    limit(limit_messages_per_room="0/minute")


LATER = [
    delete_the_original,
    leave,
    be_removed,
    be_removed_from_a_private_room,
    close_the_room,
    shorten_texts,
    use_up_the_account,
    use_up_the_room,
]


@pytest.fixture
def reply(alice, bob, room):
    """A reply to a visible message of another member."""
    original = post_message(author_id=bob.id, room_id=room.id, text="alguém aí?").view
    Message.objects.filter(pk=original.id).update(status="APPROVED", seq=1, queued_at=None)
    return request_of(alice, room, reply_to=original.id)


@pytest.mark.parametrize("happens", LATER)
def test_repeat_is_answered_whatever_happened_since(reply, send, happens, limit, published):
    request, room = reply, Room.objects.get(pk=reply.room_id)
    first = send(request)
    make_member(room, role="ADMIN")
    happens(request, limit)
    before = everything()
    published.clear()

    again = send(request)

    assert (again.created, again.view.id, again.view.content) == (False, first.view.id, "bom dia")
    assert everything() == before
    assert published == []


def everything():
    """Every row that a repeat could change."""
    return [list(model.objects.order_by("id").values()) for model in (Message, Membership, Room)]


@pytest.mark.parametrize("happens", LATER)
def test_another_text_stays_a_conflict_whatever_happened_since(reply, send, happens, limit):
    request, room = reply, Room.objects.get(pk=reply.room_id)
    send(request)
    make_member(room, role="ADMIN")
    happens(request, limit)

    with pytest.raises(Conflict):
        send(msgspec.structs.replace(request, text="other words"))


@pytest.mark.parametrize("happens", [lambda *_: None, delete_the_original, leave])
def test_same_text_with_another_original_is_a_conflict(reply, bob, send, happens, limit):
    send(reply)
    other = post_message(author_id=bob.id, room_id=reply.room_id, text="outra").view
    happens(reply, limit)

    for reply_to in (None, other.id, new_id()):
        with pytest.raises(Conflict):
            send(msgspec.structs.replace(reply, reply_to=reply_to))
    assert not send(reply).created


@pytest.mark.parametrize("text", ["", "x" * 5000, "a\x00b", "\ud800"])
def test_other_text_that_cannot_be_stored_is_a_conflict(alice, room, send, text):
    send(request_of(alice, room))

    with pytest.raises(Conflict):
        send(request_of(alice, room, text))


@pytest.mark.parametrize("client_id", ["", " 1", "x" * 65, "a\x00b", "\ud800"])
def test_invalid_client_id_is_no_repeat(alice, room, send, client_id):
    with pytest.raises(Invalid):
        send(request_of(alice, room, client_id=client_id))


def test_repeats_use_up_no_quota(alice, room, send, limit):
    limit(limit_messages_per_user="2/minute", limit_messages_per_room="2/minute")
    send(request_of(alice, room))

    for _ in range(5):
        assert not send(request_of(alice, room)).created

    assert send(request_of(alice, room, client_id="2")).created
    with pytest.raises(RateLimited):
        send(request_of(alice, room, client_id="3"))
    assert not send(request_of(alice, room)).created


def test_repeats_in_a_batch_take_no_quota_from_new_messages(alice, room, limit):
    limit(limit_messages_per_user="3/minute")
    post_messages([request_of(alice, room)])

    outcomes = post_messages([request_of(alice, room, client_id=n) for n in "111112345"])

    assert [getattr(outcome, "created", None) for outcome in outcomes] == [
        *[False] * 5,
        *[True] * 2,
        *[None] * 2,
    ]
    assert all(isinstance(outcome, RateLimited) for outcome in outcomes[-2:])


def test_quota_of_the_account_is_given_back_if_the_room_refused_the_repeat(alice, room, limit):
    elsewhere = make_member(user=alice).room
    limit(limit_messages_per_user="2/minute", limit_messages_per_room="1/minute")
    post_messages([request_of(alice, room)])

    for _ in range(3):
        (repeat,) = post_messages([request_of(alice, room)])
        assert not repeat.created

    assert post_messages([request_of(alice, elsewhere)])[0].created


def test_former_reader_learns_nothing_about_the_room(alice, bob, send):
    room = make_room(is_private=True)
    for member in (alice, bob):
        make_member(room, user=member)
    first = send(request_of(alice, room))
    be_removed(request_of(alice, room), None)
    # Published after the removal, by a setting or a moderator; and others wrote since.
    Message.objects.filter(pk=first.view.id).update(status="APPROVED", seq=41, position=40)

    again = send(request_of(alice, room)).view

    assert (again.id, again.content) == (first.view.id, "bom dia")
    assert (again.seq, again.position) == (0, 0)


def test_new_message_of_a_former_member_of_a_private_room_is_refused(send):
    member = make_member(make_room(is_private=True))
    send(request_of(member.user, member.room))
    member.delete()

    with pytest.raises(NoSuchRoom):
        send(request_of(member.user, member.room, client_id="2"))


def test_message_without_a_repeat_takes_no_further_statement(
    alice, room, django_assert_num_queries
):
    with django_assert_num_queries(5):  # two of them begin and end the transaction
        alone(request_of(alice, room))
    with django_assert_num_queries(1):
        in_a_batch(request_of(alice, room, client_id="2"))
    with django_assert_num_queries(1):
        alone(request_of(alice, room))


def test_repeat_that_overtakes_the_first_one_joins_nobody(room, send, monkeypatch, limit):
    """The first message is committed by another process after the search, and its author left."""
    limit(limit_messages_per_user="2/minute")
    stranger = make_user()
    first = send(request_of(stranger, room))
    Membership.objects.filter(user=stranger).delete()
    look_up, calls = repeats.look_up, []

    def looked_up_too_early(drafts):
        calls.append(drafts)
        if len(calls) == 1:
            return {draft.id: Found(is_reader=True) for draft in drafts}
        return look_up(drafts)

    monkeypatch.setattr(repeats, "look_up", looked_up_too_early)

    again = send(request_of(stranger, room))

    assert (again.created, again.view.id) == (False, first.view.id)
    assert not Membership.objects.filter(user=stranger).exists()
    monkeypatch.undo()
    assert send(request_of(stranger, room, client_id="2")).created  # the quota was given back


@pytest.mark.django_db(transaction=True)
def test_concurrent_repeats_count_once(limit):
    limit(limit_messages_per_user="2/minute")
    member, together, results = make_member(), threading.Barrier(6, timeout=10), []

    def repeat():
        together.wait()
        try:
            results.append(in_a_batch(request_of(member.user, member.room)).view.id)
        except RateLimited:
            pass  # refused while others were counted: the client repeats it
        finally:
            connection.close()

    threads = [threading.Thread(target=repeat) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(results)) == 1
    assert alone(request_of(member.user, member.room, client_id="2")).created


def shown(author, room, text="bom dia"):
    view = post_message(author_id=author.id, room_id=room.id, text=text).view
    Message.objects.filter(pk=view.id).update(
        status="APPROVED", seq=1, position=1, queued_at=None, published_at=timezone.now()
    )
    return view.id


@pytest.mark.parametrize(
    "happens",
    [leave, be_removed, be_removed_from_a_private_room, close_the_room, shorten_texts,
     use_up_the_account, use_up_the_room],
)  # fmt: skip
@pytest.mark.parametrize("names_room", [True, False])
def test_repeated_edit_is_answered_whatever_happened_since(alice, room, happens, limit, names_room):
    message_id = shown(alice, room)
    where = {"room_id": room.id} if names_room else {}

    def edit(text="boa tarde"):
        return edit_message(actor_id=alice.id, message_id=message_id, text=text, **where)

    first = edit(" boa tarde ")
    make_member(room, role="ADMIN")
    happens(request_of(alice, room), limit)
    before = everything()

    again = edit()

    assert (again.id, again.edit) == (first.id, first.edit)
    assert everything() == before


def test_repeated_edit_of_a_message_that_was_removed_since_is_answered(alice, room):
    message_id = shown(alice, room)
    edit_message(actor_id=alice.id, message_id=message_id, text="boa tarde")
    delete_message(actor_id=alice.id, message_id=message_id)

    again = edit_message(actor_id=alice.id, message_id=message_id, text="boa tarde")

    assert (again.status, again.content) == ("REMOVED", "")
    for other in ("boa noite", "bom dia"):
        with pytest.raises(MessageGone):
            edit_message(actor_id=alice.id, message_id=message_id, text=other)


def test_other_edit_by_a_former_reader_is_refused(alice):
    room = make_room(is_private=True)
    make_member(room, user=alice)
    message_id = shown(alice, room)
    be_removed(request_of(alice, room), None)

    with pytest.raises(NoSuchMessage):
        edit_message(actor_id=alice.id, message_id=message_id, text="boa tarde")
    with pytest.raises(NoSuchRoom):
        edit_message(actor_id=alice.id, message_id=message_id, text="oi", room_id=room.id)


def test_repeated_edits_use_up_no_quota(alice, room, limit):
    message_id = shown(alice, room)
    limit(limit_messages_per_user="2/minute")

    for _ in range(4):
        edit_message(actor_id=alice.id, message_id=message_id, text="boa tarde", room_id=room.id)

    edit_message(actor_id=alice.id, message_id=message_id, text="boa noite", room_id=room.id)
    with pytest.raises(RateLimited):
        edit_message(actor_id=alice.id, message_id=message_id, text="olá", room_id=room.id)


@pytest.mark.parametrize("happens", [leave, be_removed_from_a_private_room, close_the_room])
def test_repeated_deletion_is_answered_whatever_happened_since(alice, room, happens, published):
    message_id = shown(alice, room)
    delete_message(actor_id=alice.id, message_id=message_id)
    make_member(room, role="ADMIN")
    happens(request_of(alice, room), None)
    before = everything()
    published.clear()

    again = delete_message(actor_id=alice.id, message_id=message_id, room_id=room.id)

    assert (again.id, again.status, again.content) == (message_id, "REMOVED", "")
    assert everything() == before
    assert published == []


@pytest.mark.proves("R125")
def test_repeated_deletions_use_up_no_quota(alice, room, settings):
    settings.QUOTAS = {**settings.QUOTAS, "write": ("2/minute", "1000/minute")}
    first, second, third = (shown(alice, room) for _ in range(3))

    for _ in range(4):
        delete_message(actor_id=alice.id, message_id=first)
    delete_message(actor_id=alice.id, message_id=second)

    with pytest.raises(RateLimited):
        delete_message(actor_id=alice.id, message_id=third)
    assert delete_message(actor_id=alice.id, message_id=second).status == "REMOVED"


def test_moderator_who_lost_the_role_repeats_a_deletion(alice, room):
    message_id = shown(alice, room)
    moderator = make_member(room, role="MODERATOR")
    delete_message(actor_id=moderator.user_id, message_id=message_id)
    Membership.objects.filter(pk=moderator.pk).update(role="MEMBER")

    again = delete_message(actor_id=moderator.user_id, message_id=message_id)

    assert (again.id, again.status) == (message_id, "REMOVED")
    with pytest.raises(NotTheAuthor):
        delete_message(actor_id=moderator.user_id, message_id=shown(alice, room))


def edit(author, message_id, text="boa tarde", client_id="e-1", **where):
    return edit_message(
        actor_id=author.id, message_id=message_id, text=text, client_id=client_id, **where
    )


@pytest.fixture
def message_id(alice, room):
    return alone(request_of(alice, room)).view.id


@pytest.mark.proves("R246")
def test_edit_with_a_client_id_does_not_come_back_after_a_later_one(alice, room, message_id):
    edit(alice, message_id)
    edit(alice, message_id, "boa noite", client_id=None)

    again = edit(alice, message_id, " boa tarde", room_id=room.id)

    message = Message.objects.get(pk=message_id)
    assert (again.content, message.text, message.revision) == ("boa noite", "boa noite", 3)
    edit(alice, message_id, client_id="e-2")
    message.refresh_from_db()
    assert (message.text, message.revision) == ("boa tarde", 4)


@pytest.mark.proves("R246")
def test_edit_that_changed_nothing_when_it_was_sent_changes_nothing_later(alice, message_id):
    edit(alice, message_id, "bom dia")
    edit(alice, message_id, "boa noite", client_id="e-2")

    edit(alice, message_id, "bom dia")

    assert Message.objects.get(pk=message_id).text == "boa noite"


@pytest.mark.proves("R246")
def test_edit_with_a_client_id_is_answered_after_deletion_and_departure(alice, room, message_id):
    edit(alice, message_id)
    delete_message(actor_id=alice.id, message_id=message_id)
    leave_room(user_id=alice.id, room_id=room.id)

    assert edit(alice, message_id).status == "REMOVED"
    with pytest.raises(errors.Conflict):
        edit(alice, message_id, "boa noite")


@pytest.mark.proves("R246")
def test_client_id_of_an_edit_names_one_message_and_is_unused_after_a_refusal(
    alice, bob, room, message_id, limit
):
    other = alone(request_of(alice, room, client_id="2")).view.id
    Message.objects.filter(pk=message_id).update(status="APPROVED", seq=1)
    with pytest.raises(NotTheAuthor):
        edit(bob, message_id)
    with pytest.raises(Invalid):
        edit(alice, message_id, "a" * 5000)

    edit(alice, message_id)
    edit(alice, other, "outro texto")

    assert Message.objects.get(pk=other).text == "outro texto"
    limit(limit_messages_per_user="1/minute")
    assert edit(alice, message_id).id == message_id


@pytest.mark.proves("R246")
def test_concurrent_edits_with_one_client_id_make_one_revision(alice, message_id):
    for _ in range(2):  # as two that were found new, one after the other
        _edit(_Sent(alice.id, message_id, "e-1", "boa tarde"), text="boa tarde", room_id=None)
        edit(alice, message_id, "boa noite", client_id=None)

    message = Message.objects.get(pk=message_id)
    assert (message.text, message.revision) == ("boa noite", 3)
