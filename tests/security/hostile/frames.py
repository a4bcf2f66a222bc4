"""Generates hostile frames. The same seed gives the same frames."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from tests.security.hostile.strings import EVERYTHING, MARK, marked

TOO_LARGE = 64 * 1024 + 1  # bytes: longer frames close the connection with 1009
# Frames without an answer when accepted; one error when refused.
NOT_ANSWERED = frozenset({"unsubscribe", "mark_read", "typing"})

Shape = Callable[["Frames"], str | bytes]


class Frames:
    """An endless iterator of frames. The sender may post in `room`."""

    def __init__(self, *, seed: int, room: UUID) -> None:
        self.dice = random.Random(seed)
        self.room = str(room)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes of text frames, not always UTF-8, all within the size limit."""
        while True:
            shape = self.dice.choice(SHAPES)
            frame = shape(self)
            line = frame if isinstance(frame, bytes) else frame.encode("utf-8", "surrogatepass")
            yield line[: TOO_LARGE - 1]

    def word(self) -> str:
        return marked(self.dice.choice(EVERYTHING))

    def value(self, depth: int = 0) -> Any:
        """Return any JSON value, or a value that JSON does not have."""
        dice = self.dice
        kind = dice.randrange(14 if depth < 3 else 10)
        if kind < 4:
            return self.word()
        if kind < 10:
            return dice.choice(SCALARS)
        if kind < 12:
            return [self.value(depth + 1) for _ in range(dice.randrange(4))]
        return {self.name(): self.value(depth + 1) for _ in range(dice.randrange(4))}

    def name(self) -> str:
        return self.dice.choice([*FIELDS, "__proto__", "status", "", f"{MARK}\x00", self.word()])

    def proper(self) -> dict[str, Any]:
        """Return a frame that follows the protocol."""
        dice = self.dice
        kind = dice.choice(list(PROPER))
        frame: dict[str, Any] = {"type": kind}
        for name, is_needed in PROPER[kind].items():
            if is_needed or dice.random() < 0.4:
                frame[name] = FIELDS[name](self)
        return frame


def dumped(value: Any, dice: random.Random) -> str:
    return json.dumps(value, ensure_ascii=dice.random() < 0.5)


def proper(frames: Frames) -> str:
    return dumped(frames.proper(), frames.dice)


def valid_text(frames: Frames) -> str:
    """Return a valid `chat_message` with arbitrary text. The server stores most of them."""
    return dumped({"type": "chat_message", "message": frames.word()}, frames.dice)


def with_a_wrong_field(frames: Frames) -> str:
    frame = frames.proper()
    frame[frames.dice.choice(list(frame))] = frames.value()
    return dumped(frame, frames.dice)


def with_a_field_too_many(frames: Frames) -> str:
    return dumped(frames.proper() | {frames.name(): frames.value()}, frames.dice)


def with_a_field_missing(frames: Frames) -> str:
    frame = frames.proper()
    del frame[frames.dice.choice(list(frame))]
    return dumped(frame, frames.dice)


def with_a_field_twice(frames: Frames) -> str:
    frame = frames.proper()
    name = frames.dice.choice(list(frame))
    again = name if frames.dice.random() < 0.5 else f"\\u{ord(name[0]):04x}{name[1:]}"
    return f'{{"{again}":{json.dumps(frame[name])},{dumped(frame, frames.dice)[1:]}'


def of_an_unknown_type(frames: Frames) -> str:
    return dumped(frames.proper() | {"type": frames.value()}, frames.dice)


def of_any_fields(frames: Frames) -> str:
    count = frames.dice.randrange(6)
    return dumped({frames.name(): frames.value() for _ in range(count)}, frames.dice)


def no_object(frames: Frames) -> str:
    return dumped(frames.dice.choice([frames.value(), [frames.proper()]]), frames.dice)


def deep(frames: Frames) -> str:
    depth = frames.dice.choice([5, 9, 100, 1_000, 10_000, 30_000])
    opening = frames.dice.choice(["[", '{"a":', '{"type":', '{"type":"ping","n":['])[:6]
    return (opening * depth)[:60_000] + ("1" + "]" * depth if frames.dice.random() < 0.5 else "")


def a_strange_number(frames: Frames) -> str:
    number = frames.dice.choice(NUMBERS)
    kind, field = frames.dice.choice([("ping", "n"), ("sync", "after"), ("mark_read", "seq")])
    return f'{{"type":"{kind}","{field}":{number}}}'


def broken(frames: Frames) -> bytes:
    """Return a valid frame with bytes removed, changed, doubled or inserted."""
    dice = frames.dice
    line = bytearray(proper(frames).encode("utf-8", "surrogatepass")[:8_000])
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(line) + 1)
        piece = dice.choice(PIECES)
        line[at : at + dice.randrange(3)] = piece
    return bytes(line)


def random_bytes(frames: Frames) -> bytes:
    dice = frames.dice
    return bytes(dice.randrange(256) for _ in range(dice.choice([0, 1, 2, 7, 60, 900])))


def fixed_fragment(frames: Frames) -> str:
    return frames.dice.choice(FRAGMENTS)


def long(frames: Frames) -> str:
    """Return a frame at or near the size limit: refused without closing the socket."""
    size = frames.dice.choice([16_385, 40_000, TOO_LARGE - 40, TOO_LARGE - 1])
    head, tail = '{"type":"chat_message","message":"', '"}'
    return head + MARK.ljust(size - len(head) - len(tail), "x") + tail


SHAPES: list[Shape] = [
    proper, proper, proper, valid_text, valid_text, with_a_wrong_field, with_a_wrong_field,
    with_a_field_too_many, with_a_field_missing, with_a_field_twice, of_an_unknown_type,
    of_any_fields, no_object, deep, a_strange_number, broken, broken, random_bytes,
    fixed_fragment, long,
]  # fmt: skip

PROPER: dict[str, dict[str, bool]] = {
    "authenticate": {"token": True},
    "chat_message": {"message": True, "client_id": False, "room": False, "reply_to": False},
    "edit_message": {"id": True, "message": True, "room": False},
    "delete_message": {"id": True, "room": False},
    "subscribe": {"room": True, "after": False, "epoch": False},
    "unsubscribe": {"room": True},
    "sync": {"after": True, "epoch": False, "room": False, "pending": False},
    "mark_read": {"seq": True, "room": False},
    "typing": {"room": False},
    "ping": {"n": False},
}


def _some_id(frames: Frames) -> str:
    return str(UUID(int=frames.dice.getrandbits(128)))


def _room(frames: Frames) -> str:
    return frames.room if frames.dice.random() < 0.6 else _some_id(frames)


def _seq(frames: Frames) -> int:
    return frames.dice.choice([0, 1, 7, 2**31, 2**53 - 1])


FIELDS: dict[str, Callable[[Frames], Any]] = {
    "token": Frames.word,
    "message": Frames.word,
    "client_id": lambda frames: frames.word()[:64],
    "room": _room,
    "reply_to": _some_id,
    "id": _some_id,
    "after": _seq,
    "epoch": _some_id,
    "pending": lambda frames: [frames.word()[:64] for _ in range(frames.dice.randrange(4))],
    "seq": _seq,
    "n": _seq,
}

SCALARS: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 2**31, 2**53, 2**63, 2**64, 10**400,
    float("nan"), float("inf"), float("-inf"), "", "null", "\ud800", "\udfff\ud800", "\x00",
    "ping", "chat_message", "00000000-0000-0000-0000-000000000000", "{}", [], {},
]  # fmt: skip
NUMBERS = [
    "NaN", "Infinity", "-Infinity", "9" * 5_000, "-" + "9" * 5_000, "1e999", "1e-999", "-0", "01",
    "+1", "0x10", "1_000", ".5", "5.", "1.0", "1e2", str(2**53), str(2**63), str(2**64),
    "\u0663", "1" + "0" * 60_000,
]  # fmt: skip
PIECES = [
    b"", b"\x00", b"\xff", b"\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80",
    b"\xef\xbb\xbf", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud800",
    b"\\u0000", b"\n", b"//", b"null", b"1e9", b"'",
]  # fmt: skip
FRAGMENTS = [
    "", " ", "\n", "null", "true", "7", "-", '"', '""', "[]", "{}", "{", "}", "[", "\ufeff{}",
    '\ufeff{"type":"ping"}', "{'type':'ping'}", "{type:'ping'}", '{"type":"ping"}{"type":"ping"}',
    '{"type":"ping"}\x00', '{"type":"ping",}', '{"type":"ping"} //', '["ping"]', '"ping"', "ping",
    '{"type":["ping"]}', '{"type":{"type":"ping"}}', '{"TYPE":"ping"}', '{"type":"PING"}',
    '{"type":"ping "}', '{"type":null}', "\x00", "\x1b[2J", '{"":""}', '{"type":"ping"', "\ud800",
    '{"type":"chat_message","message":"\\ud83d"}', '{"type":"chat_message","message":"\\u0000"}',
]  # fmt: skip
