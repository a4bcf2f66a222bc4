"""The changes of an author's own messages: complete, in pages, and bound to one database."""

import pytest
from django.db import connection, transaction

from moderado.chat.models import Message, Room
from moderado.chat.selectors import own_changes as selector
from moderado.chat.selectors.messages import history
from moderado.chat.services import memberships
from moderado.chat.services.editing import edit_message
from moderado.chat.services.memberships import add_participant, leave_room, remove_participant
from moderado.chat.services.posting import post_messages
from moderado.chat.services.removing import delete_message
from moderado.chat.services.rooms import delete_room
from moderado.chat.types import SendRequest
from moderado.moderation.types import Outcome
from tests.factories import fill_room, make_member, make_message, make_room, make_user
from tests.integration.chat import steps
from tests.integration.chat.steps import edit, judge, post, wait_until_settled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("R60")]


def now(author):
    wait_until_settled()
    return selector.own_changes(author_id=author.id, after=None, language="en").me.cursor


def changes(author, after, **fields):
    wait_until_settled()
    return selector.own_changes(author_id=author.id, after=after, language="en", **fields)


def pages(author, after, **fields):
    """All pages after a cursor, and the cursor after the last one."""
    found, more = [], True
    while more:
        page = changes(author, after, **fields)
        assert not page.reset
        found.append(page.messages)
        after, more = page.me.cursor, page.more
    return found, after


@transaction.atomic
def rule(*arguments):
    steps.rule(*arguments)


def stated(view):
    draft = (view.edit.content, view.edit.status) if view.edit else None
    return view.content, view.status, draft


def posted(author, room):
    post(author, room, "one")


def posted_together(author, room):
    post_messages([SendRequest(author_id=author.id, room_id=room.id, text="one")])


def approved(author, room):
    judge(post(author, room, "one"))


def refused(author, room):
    judge(post(author, room, "BLOCK one"))


def held(author, room):
    judge(post(author, room, "HOLD one"))


def ruled_against(author, room):
    message = post(author, room, "HOLD one")
    judge(message)
    rule(message, Outcome.BLOCK)


def taken_down(author, room):
    message = post(author, room, "one")
    judge(message)
    rule(message, Outcome.BLOCK)


def ruled_for(author, room):
    message = post(author, room, "BLOCK one")
    judge(message)
    rule(message, Outcome.ALLOW)


def deleted_while_held(author, room):
    message = post(author, room, "HOLD one")
    judge(message)
    delete_message(actor_id=author.id, message_id=message.id)


def deleted_in_public(author, room):
    message = post(author, room, "one")
    judge(message)
    delete_message(actor_id=author.id, message_id=message.id)


def rewritten_after_refusal(author, room):
    message = post(author, room, "BLOCK one")
    judge(message)
    edit(message, "two")


def with_edit(text, *, is_judged=True):
    def scene(author, room):
        message = post(author, room, "one")
        judge(message)
        edit(message, text)
        if is_judged:
            judge(message)

    return scene


def edit_ruled_against(author, room):
    message = post(author, room, "one")
    judge(message)
    edit(message, "HOLD two")
    judge(message)
    rule(message, Outcome.BLOCK, message.edit_revision)


SCENES = {
    posted: ("one", "PENDING", None),
    posted_together: ("one", "PENDING", None),
    approved: ("one", "APPROVED", None),
    refused: ("BLOCK one", "REJECTED", None),
    held: ("HOLD one", "HELD", None),
    ruled_against: ("HOLD one", "REJECTED", None),
    ruled_for: ("BLOCK one", "APPROVED", None),
    taken_down: ("one", "REJECTED", None),
    deleted_while_held: ("", "REMOVED", None),
    deleted_in_public: ("", "REMOVED", None),
    rewritten_after_refusal: ("two", "PENDING", None),
    with_edit("two", is_judged=False): ("one", "APPROVED", ("two", "PENDING")),
    with_edit("two"): ("two", "APPROVED", None),
    with_edit("BLOCK two"): ("one", "APPROVED", ("BLOCK two", "REJECTED")),
    with_edit("HOLD two"): ("one", "APPROVED", ("HOLD two", "HELD")),
    edit_ruled_against: ("one", "APPROVED", ("HOLD two", "REJECTED")),
}


def test_every_change_is_found_once_by_its_author_alone(bob):
    for scene, expected in SCENES.items():
        member = make_member()
        author, room = member.user, member.room
        start = {each: now(each) for each in (author, bob)}

        scene(author, room)

        page = changes(author, start[author])
        assert [stated(view) for view in page.messages] == [expected]
        assert (page.reset, page.more) == (False, False)
        again = changes(author, page.me.cursor)
        assert (again.messages, again.me) == ((), page.me)
        assert changes(bob, start[bob]).messages == ()


def test_each_step_of_a_message_is_a_change(alice, room):
    message = post(alice, room, "HOLD one")
    cursor = now(alice)
    steps = (
        lambda: judge(message),
        lambda: edit(message, "BLOCK two"),
        lambda: judge(message),
        lambda: rule(message, Outcome.ALLOW),
        lambda: edit_message(actor_id=alice.id, message_id=message.id, text="HOLD three"),
        lambda: judge(message),
        lambda: delete_message(actor_id=alice.id, message_id=message.id),
    )
    seen = []
    for step in steps:
        step()
        page = changes(alice, cursor)
        seen += [stated(view)[1:] for view in page.messages]
        cursor = page.me.cursor

    assert seen == [
        ("HELD", None),
        ("PENDING", None),
        ("REJECTED", None),
        ("APPROVED", None),
        ("APPROVED", ("HOLD three", "PENDING")),
        ("APPROVED", ("HOLD three", "HELD")),
        ("REMOVED", None),
    ]


def test_changes_equal_a_fresh_load_in_every_room(alice):
    rooms = [make_room(moderation_mode=mode) for mode in Room.Mode.values for _ in range(2)]
    start = now(alice)
    for number, room in enumerate(rooms):
        make_member(room, user=alice)
        for text in ("one", "BLOCK two", "HOLD three"):
            judge(post(alice, room, f"{text} {number}"))

    found, _ = pages(alice, start, limit=4)

    known = {view.id: (view.status, view.seq) for page in found for view in page}
    loaded = {
        each.id: (each.status, each.seq)
        for room in rooms
        for each in history(reader_id=alice.id, room_id=room.id)
    }
    assert known == loaded
    assert len(loaded) == 3 * len(rooms)


def test_pages_repeat_and_skip_nothing(alice, room):
    start = now(alice)
    with transaction.atomic():  # one transaction id for several messages
        for number in range(5):
            make_message(room, author=alice, text=f"{number}")
    for number in range(5, 9):
        make_message(room, author=alice, text=f"{number}")

    for limit in (1, 2, 4, 9, 10):
        found, after = pages(alice, start, limit=limit)
        assert {len(page) for page in found[:-1]} <= {limit}
        assert sorted(view.content for page in found for view in page) == list("012345678")
        assert changes(alice, after).messages == ()


def test_change_between_two_pages_is_not_missed(alice, room):
    messages = [make_message(room, author=alice, text=f"{number}") for number in range(3)]
    start = now(alice)
    Message.objects.update(reason="x")

    first = changes(alice, start, limit=2)
    Message.objects.filter(pk=messages[0].pk).update(text="changed")
    rest, after = pages(alice, first.me.cursor, limit=2)

    assert "changed" in [view.content for page in rest for view in page]
    assert len(changes(alice, after).messages) == 1  # repeated: it changed while pages were read
    assert changes(alice, changes(alice, after).me.cursor).messages == ()


def test_reset_without_a_cursor_and_for_one_of_another_database(alice, room):
    post(alice, room)
    cursor = now(alice)
    assert changes(alice, None).reset
    for unknown in ("", "x", "§", "AAAA", cursor[:-4], cursor[4:], cursor * 2, "\x00"):
        page = changes(alice, unknown)
        assert (page.reset, page.messages) == (True, ())
        assert changes(alice, page.me.cursor).reset is False

    Room.objects.update(epoch="00000000-0000-4000-8000-000000000000")  # after a restore

    assert changes(alice, cursor).reset


def test_cursor_from_before_the_first_room_is_known():
    ana = make_user()
    start = now(ana)

    message = post(ana, make_room(created_by=ana))

    assert [view.id for view in changes(ana, start).messages] == [message.id]


def test_reset_for_a_cursor_ahead_of_the_database(alice, room):
    post(alice, room)
    cursor = selector._decoded(now(alice))
    ahead = selector._Cursor.at(cursor.origin, cursor.settled + 10**6).encoded().cursor

    assert changes(alice, ahead).reset


def test_stamps_of_a_loaded_dump_are_not_taken_for_changes(alice, room):
    old, cursor = post(alice, room, "old"), now(alice)
    with connection.cursor() as query:
        query.execute("UPDATE chat_message SET changed_xid = 1::bigint << 60")
    post(alice, room, "new")

    page = changes(alice, cursor)

    assert [view.content for view in page.messages] == ["new"]
    assert changes(alice, page.me.cursor).messages == ()
    delete_message(actor_id=alice.id, message_id=old.id)
    assert len(changes(alice, page.me.cursor).messages) == 1


def test_cursor_names_a_committed_change(alice, room):
    """After a crash PostgreSQL may assign again the ids of transactions that left no trace."""
    post(alice, room)
    before = now(alice)

    for _ in range(3):
        with transaction.atomic(), connection.cursor() as query:
            query.execute("SELECT pg_current_xact_id()")
            transaction.set_rollback(True)

    assert now(alice) == before


@pytest.fixture
def closed(alice, bob):
    """A private room of Bob, in which Alice is a member."""
    room = make_room(is_private=True)
    make_member(room, user=bob, role="ADMIN")
    make_member(room, user=alice)
    return room


def remove(author, room):
    remove_participant(actor_id=None, room_id=room.id, user_id=author.id)


def leave(author, room):
    leave_room(user_id=author.id, room_id=room.id)


def add(author, room):
    add_participant(actor_id=None, room_id=room.id, user_id=author.id)


@pytest.mark.parametrize("is_read_outside", [False, True])
@pytest.mark.parametrize("end", [remove, leave])
def test_verdict_outside_of_the_room_is_learned_then_and_after_the_return(
    alice, closed, end, is_read_outside
):
    waits, held = post(alice, closed, "BLOCK one"), post(alice, closed, "HOLD two")
    judge(held)
    waits_again = post(alice, closed, "HOLD three")
    cursor = now(alice)

    end(alice, closed)
    judge(waits, waits_again)
    rule(held, Outcome.BLOCK)
    expected = {
        (each.id, each.status, each.position, 0)
        for each in Message.objects.filter(pk__in=[waits_again.pk, held.pk])
    }
    if is_read_outside:
        page = changes(alice, cursor)
        assert {state(view) for view in page.messages} == expected
        cursor = page.me.cursor
    add(alice, closed)

    assert expected <= {state(view) for view in changes(alice, cursor).messages}


def state(view):
    return view.id, view.status, view.position, view.seq


def test_place_in_a_room_that_the_author_may_not_read_is_not_told(alice, bob, closed):
    message = post(alice, closed, "one")
    judge(message)
    edit(message, "HOLD two")
    judge(message)
    start = now(alice)
    remove(alice, closed)
    for _ in range(3):
        judge(post(bob, closed, "others"))
    rule(message, Outcome.BLOCK)
    rule(message, Outcome.BLOCK, message.edit_revision)

    page = changes(alice, start)

    assert [state(view)[1:] for view in page.messages] == [("REJECTED", 0, 0)]
    add(alice, closed)
    (again,) = changes(alice, page.me.cursor).messages
    assert (again.seq, again.position) == (message.seq, message.position)


def test_author_learns_of_messages_in_a_deleted_room(alice, bob, closed):
    message = post(alice, closed, "one")
    start = now(alice)

    delete_room(actor_id=None, room_id=closed.id)
    judge(message)

    (view,) = changes(alice, start).messages
    assert (view.status, view.reason) == ("REJECTED", "room_deleted")


def test_first_entry_changes_no_message(alice, bob, closed):
    cursor = now(bob)
    remove(alice, closed)
    add(alice, closed)

    assert changes(bob, cursor).messages == ()


def test_explanation_is_in_the_language_of_the_reader(alice, room):
    start = now(alice)
    judge(post(alice, room, "HOLD one"))

    (english,) = changes(alice, start).messages
    page = selector.own_changes(author_id=alice.id, after=start, language="pt-br")

    assert english.explanation != page.messages[0].explanation


def test_cursor_of_a_handshake_misses_nothing_and_may_repeat_rooms(alice, room):
    message = post(alice, room, "one")
    judge(message)
    wait_until_settled()
    start = selector.own_start(user_id=alice.id, held=1).me.cursor
    memberships.join_room(user_id=alice.id, room_id=(other := make_room()).id)
    first = changes(alice, start)

    assert other.id in {each.id for each in first.rooms}
    assert first.messages == ()
    assert changes(alice, first.me.cursor).rooms == ()


def test_statements_do_not_depend_on_the_number_of_changes(alice, room, django_assert_num_queries):
    read = {"author_id": alice.id, "after": now(alice), "language": "en"}
    with django_assert_num_queries(1):
        selector.own_changes(**read)
    fill_room(room, alice, 300)
    with django_assert_num_queries(2):
        page = selector.own_changes(**read)

    assert (len(page.messages), page.more) == (selector.PAGE, True)
