"""Which frame each change and notice of the chat becomes."""

import json
from uuid import uuid4

import pytest

from moderado.chat.events import Change, ChangeKind, Notice
from moderado.chat.types import Author, MessageView
from moderado.realtime.wire.encode import Line, line_of_change, line_of_notice


def view(**fields: object) -> MessageView:
    defaults = {
        "id": uuid4(), "room": uuid4(), "client_id": None,
        "author": Author(uuid4(), "Ana", "MEMBER"),
        "content": "olá", "status": "APPROVED", "revision": 1, "position": 5, "seq": 7,
        "reply_to": None, "created_at": "2026-01-01T00:00:00Z", "edited_at": None,
        "published_at": None,
    }  # fmt: skip
    return MessageView(**defaults | fields)


def sent(line: Line) -> dict:
    return json.loads(line.text)


@pytest.mark.parametrize(
    ("kind", "frame_type"),
    [
        (ChangeKind.PUBLISHED, "chat_message"),
        (ChangeKind.UPDATED, "message_updated"),
        (ChangeKind.REMOVED, "message_removed"),
    ],
)
def test_change_becomes_room_frame(kind, frame_type):
    line = line_of_change(Change(kind=kind, seq=7, view=view()))

    assert (line.frame_type, line.seq) == (frame_type, 7)
    assert (sent(line)["type"], sent(line)["seq"]) == (frame_type, 7)


@pytest.mark.parametrize(
    ("notice", "frame_type"),
    [
        (Notice.QUEUED, "message_queued"),
        (Notice.REJECTED, "message_rejected"),
        (Notice.HELD, "message_held"),
    ],
)
def test_author_notice_has_no_place_in_room_order(notice, frame_type):
    line = line_of_notice(notice, view())

    assert (line.frame_type, line.seq, sent(line)["type"]) == (frame_type, 0, frame_type)
    assert "seq" not in sent(line)


@pytest.mark.parametrize(
    ("notice", "frame_type"),
    [(Notice.PUBLISHED, "chat_message"), (Notice.UPDATED, "message_updated")],
)
def test_repeated_change_is_outside_of_the_order_on_the_wire(notice, frame_type):
    line = line_of_notice(notice, view(seq=7))

    assert (line.frame_type, line.seq, sent(line)["seq"]) == (frame_type, 7, 0)
    assert sent(line)["message"]["seq"] == 7


def test_removal_of_unpublished_message_has_seq_zero():
    line = line_of_notice(Notice.REMOVED, view(seq=7))

    assert (line.frame_type, line.seq, sent(line)["seq"]) == ("message_removed", 0, 0)


def test_every_change_and_notice_has_a_frame():
    for kind in ChangeKind:
        line_of_change(Change(kind=kind, seq=1, view=view()))
    for notice in Notice:
        line_of_notice(notice, view())
