"""Which notices about own messages are written, and which outcomes are awaited."""

import asyncio
from uuid import UUID, uuid4

from moderado.realtime.rooms.author_notices import CAPACITY, AuthorNotices
from moderado.realtime.wire.encode import Line


def line(kind: str, message_id: UUID, *, seq: int = 0, revision: int = 1) -> Line:
    return Line(kind, "x", 1, seq, message_id, uuid4(), revision)


async def test_notice_is_accepted_once_for_each_kind_and_revision():
    notices, message_id = AuthorNotices(), uuid4()

    assert [notices.accept(line("message_held", message_id)) for _ in range(3)] == [
        True,
        False,
        False,
    ]
    assert notices.accept(line("message_rejected", message_id))
    assert notices.accept(line("message_rejected", message_id, revision=2))


async def test_notice_is_repeated_after_an_undone_ruling():
    notices, message_id = AuthorNotices(), uuid4()

    said = ["message_queued", "message_held", "message_rejected", "message_held", "message_queued"]

    assert [notices.accept(line(kind, message_id)) for kind in said] == [True] * 4 + [False]


async def test_refusal_is_repeated_after_the_message_was_shown():
    notices, message_id = AuthorNotices(), uuid4()
    assert notices.accept(line("message_rejected", message_id))

    notices.accept(line("chat_message", message_id, seq=1))
    notices.accept(line("message_removed", message_id, seq=2))

    assert notices.accept(line("message_rejected", message_id))
    notices.accept(line("message_removed", message_id, seq=2))
    assert not notices.accept(line("message_rejected", message_id))


async def test_held_message_is_awaited_apart_until_it_is_decided():
    notices, message_id = AuthorNotices(), uuid4()
    notices.await_outcome(message_id, 1)
    later = asyncio.get_running_loop().time() + 1

    notices.accept(line("message_held", message_id))
    notices.stop_awaiting(message_id)
    assert list(notices.awaited_since_before(later)) == []
    assert [found for found, _ in notices.awaited_since_before(later, is_held=True)] == [message_id]
    notices.accept(line("message_rejected", message_id))

    assert not notices.is_awaiting(message_id)


async def test_changes_of_the_room_are_always_accepted():
    notices, message_id = AuthorNotices(), uuid4()

    assert [notices.accept(line("chat_message", message_id, seq=1)) for _ in range(2)] == [True] * 2


async def test_verdict_ends_the_wait_for_its_revision():
    notices, first, edited = AuthorNotices(), uuid4(), uuid4()
    notices.await_outcome(first, 1)
    notices.await_outcome(edited, 2)

    notices.accept(line("chat_message", first, seq=1, revision=1))
    notices.accept(line("chat_message", edited, seq=2, revision=1))  # of the revision before
    assert not notices.is_awaiting(first)
    assert notices.is_awaiting(edited)
    notices.accept(line("chat_message", edited, seq=3, revision=2))

    assert not notices.is_awaiting(edited)


async def test_removal_awaits_the_notice_that_explains_it():
    notices, message_id = AuthorNotices(), uuid4()

    notices.accept(line("chat_message", message_id, seq=1))
    assert not notices.is_awaiting(message_id)
    notices.accept(line("message_removed", message_id, seq=2))

    assert notices.is_awaiting(message_id)


async def test_confirmation_does_not_end_the_wait():
    notices, message_id = AuthorNotices(), uuid4()
    notices.await_outcome(message_id, 1)

    notices.accept(line("message_queued", message_id))

    assert notices.is_awaiting(message_id)


async def test_awaited_outcomes_are_found_by_their_age():
    notices, message_id = AuthorNotices(), uuid4()
    notices.await_outcome(message_id, 1)
    now = asyncio.get_running_loop().time()

    assert [found for found, _ in notices.awaited_since_before(now + 1)] == [message_id]
    assert list(notices.awaited_since_before(now - 60)) == []


async def test_oldest_are_forgotten_first():
    notices = AuthorNotices()
    ids = [uuid4() for _ in range(CAPACITY + 1)]

    for message_id in ids:
        notices.await_outcome(message_id, 1)
        notices.accept(line("message_queued", message_id))

    assert not notices.is_awaiting(ids[0])
    assert notices.is_awaiting(ids[1])
    assert notices.accept(line("message_queued", ids[0]))  # its notice was forgotten
    assert not notices.accept(line("message_queued", ids[-1]))
