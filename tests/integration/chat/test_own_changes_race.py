"""A reader of own changes beside writers whose transactions commit in another order than begun.

The reader polls while transactions are open: what one of them changes must appear on a later page.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from moderado.chat.models import Message, Room
from moderado.chat.selectors.own_changes import own_changes, own_start
from moderado.core import failpoints
from tests.factories import make_member, make_message
from tests.integration.chat.steps import wait_until_settled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("R61")]

WRITERS = 6
TRANSACTIONS = 25  # of each writer
LONG = 0.4  # share of transactions that stay open while the reader polls
TIMEOUT = 20  # seconds


class Polls:
    """Counts the reader's polls, so that a transaction can stay open for some of them."""

    def __init__(self):
        self._count = 0
        self._changed = threading.Condition()

    def add(self):
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, number):
        """Wait for `number` further polls."""
        with self._changed:
            last = self._count + number
            assert self._changed.wait_for(lambda: self._count >= last, TIMEOUT)


class Reader:
    """Holds what the pages said, like a client."""

    def __init__(self, author):
        self._author = author
        self._cursor = own_start(user_id=author.id, held=1).me.cursor
        self.known = {}
        self.rooms = {}
        self.read = 0

    def poll(self, limit=5):
        page = own_changes(
            author_id=self._author.id, after=self._cursor, language="en", limit=limit
        )
        assert not page.reset
        self._cursor = page.me.cursor
        self.read += len(page.messages)
        self.rooms |= {view.id: view.shown_name for view in page.rooms}
        self.known |= {view.id: view.content for view in page.messages}
        return page.more


def write(member, seed, polls):
    """Post and change messages in transactions, of which some are long and some roll back."""
    dice, mine = random.Random(seed), []
    try:
        for number in range(TRANSACTIONS):
            with transaction.atomic():
                for step in range(dice.randint(1, 3)):
                    if mine and dice.random() < 0.5:
                        changed = Message.objects.filter(pk=dice.choice(mine))
                        changed.update(text=f"{seed}/{number}/{step}")
                    else:
                        mine.append(make_message(member.room, author=member.user).pk)
                if dice.random() < LONG:
                    polls.wait(dice.randint(1, 4))
                if dice.random() < 0.1:
                    transaction.set_rollback(True)
    finally:
        connection.close()


def race(seed):
    """Run the writers beside a reader; return the reader, and what is stored in the end."""
    member, polls = make_member(), Polls()
    reader = Reader(member.user)
    with ThreadPoolExecutor(WRITERS) as executor:
        writers = [executor.submit(write, member, f"{seed}.{n}", polls) for n in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            reader.poll()
            polls.add()
    for writer in writers:
        writer.result()
    wait_until_settled()
    while reader.poll():
        pass
    while reader.poll():  # what was repeated because a transaction was open
        pass
    return reader, dict(Message.objects.values_list("id", "text"))


def test_reader_misses_no_change_of_overlapping_transactions():
    reader, stored = race(seed=1)

    assert reader.known == stored
    assert len(stored) > WRITERS * TRANSACTIONS / 2
    read = reader.read
    assert not reader.poll()
    assert reader.read == read  # nothing is repeated once all transactions ended


def say_late(member):
    make_message(member.room, author=member.user, text="late")


def rename_late(member):
    with transaction.atomic():  # a subtransaction has an id of its own
        Room.objects.filter(pk=member.room_id).update(name="late")


@contextmanager
def open_transaction(member, act=say_late):
    """Act in a transaction that is open inside the block and commits at its end."""
    began, end = threading.Event(), threading.Event()

    def stay_open():
        try:
            with transaction.atomic():
                act(member)
                began.set()
                assert end.wait(TIMEOUT)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as executor:
        writer = executor.submit(stay_open)
        try:
            assert began.wait(TIMEOUT)
            yield
        finally:
            end.set()
        writer.result()


@pytest.mark.parametrize("is_passed", [False, True])
def test_cursor_that_passes_an_open_transaction_misses_its_change(is_passed):
    """The reverse: without the snapshot's xmin, what commits late is missed."""
    member = make_member()
    reader = Reader(member.user)
    failpoints.arm("sync_me.settled:drop" if is_passed else "")
    try:
        with open_transaction(member):
            make_message(member.room, author=member.user, text="early")
            while reader.poll():
                pass
        while reader.poll():
            pass
    finally:
        failpoints.arm("")

    assert set(reader.known.values()) == ({"early"} if is_passed else {"early", "late"})


@pytest.mark.proves("R134")
@pytest.mark.parametrize("is_passed", [False, True])
def test_room_that_is_renamed_by_a_late_commit_is_found(is_passed):
    """And the reverse: a cursor that passes the open transaction misses it."""
    member = make_member()
    other = make_member(user=member.user).room
    reader = Reader(member.user)
    failpoints.arm("sync_me.settled:drop" if is_passed else "")
    try:
        with open_transaction(member, rename_late):
            Room.objects.filter(pk=other.id).update(name="early")
            while reader.poll():
                pass
            assert reader.rooms[other.id] == "early"
        while reader.poll():
            pass
    finally:
        failpoints.arm("")

    assert (reader.rooms.get(member.room_id) == "late") == (not is_passed)


def change_rooms(members, seed, polls):
    """Change rooms and memberships in transactions, of which some are long and some roll back."""
    dice = random.Random(seed)
    try:
        for number in range(TRANSACTIONS):
            with transaction.atomic():
                room_id = dice.choice(members).room_id
                Room.objects.filter(pk=room_id).update(name=f"{seed}/{number}")
                if dice.random() < LONG:
                    polls.wait(dice.randint(1, 4))
                if dice.random() < 0.1:
                    transaction.set_rollback(True)
    finally:
        connection.close()


@pytest.mark.proves("R134")
def test_reader_misses_no_change_of_rooms_in_overlapping_transactions():
    first, polls = make_member(), Polls()
    members = [first, *(make_member(user=first.user) for _ in range(11))]
    reader = Reader(first.user)
    reader.rooms = {each.room_id: each.room.name for each in members}
    with ThreadPoolExecutor(WRITERS) as executor:
        writers = [
            executor.submit(change_rooms, members, f"{number}", polls) for number in range(WRITERS)
        ]
        while not all(writer.done() for writer in writers):
            reader.poll()
            polls.add()
    for writer in writers:
        writer.result()
    wait_until_settled()
    while reader.poll():
        pass

    assert reader.rooms == dict(Room.objects.values_list("id", "name"))


def test_open_transaction_delays_no_page_and_repeats_end_with_it():
    member = make_member()
    reader = Reader(member.user)
    wait_until_settled()
    with open_transaction(member):
        for number in range(12):
            make_message(member.room, author=member.user, text=f"{number}")
        for _ in range(2):
            while reader.poll(limit=5):
                pass
            assert len(reader.known) == 12
        assert reader.read == 24  # each reading repeats what is not settled, and comes to an end

    wait_until_settled()
    while reader.poll():
        pass
    assert "late" in reader.known.values()
    read = reader.read
    assert not reader.poll()
    assert reader.read == read
