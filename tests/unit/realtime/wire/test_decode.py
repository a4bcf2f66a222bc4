"""Decoding yields one frame or one reason why it is none, and never raises."""

import json
from uuid import uuid4

import msgspec
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from moderado.core.wire_limits import MAX_FRAME_BYTES
from moderado.realtime.wire import decode, errors, protocol
from moderado.realtime.wire.decode import BadFrame

ROOM = uuid4()


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"type": "chat_message", "message": "olá"}, protocol.ChatMessage(message="olá")),
        (
            {"type": "chat_message", "message": "x", "client_id": "1", "room": str(ROOM)},
            protocol.ChatMessage(message="x", client_id="1", room=ROOM),
        ),
        ({"type": "ping", "n": 7}, protocol.Ping(n=7)),
        ({"type": "ping"}, protocol.Ping()),
        ({"type": "typing"}, protocol.Typing()),
        ({"type": "subscribe", "room": str(ROOM)}, protocol.Subscribe(room=ROOM)),
        (
            {"type": "sync", "after": 3, "epoch": str(ROOM), "pending": ["a", "b"]},
            protocol.Sync(after=3, epoch=ROOM, pending=("a", "b")),
        ),
        ({"type": "mark_read", "seq": 9}, protocol.MarkRead(seq=9)),
        (
            {"type": "edit_message", "id": str(ROOM), "message": "y"},
            protocol.EditMessage(id=ROOM, message="y"),
        ),
        ({"type": "authenticate", "token": "abc"}, protocol.Authenticate(token="abc")),
    ],
)
def test_frame_of_the_contract_is_decoded(sent, read):
    assert decode.decode_frame(json.dumps(sent)) == read


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "malformed"),
        ("", "malformed"),
        (" ", "malformed"),
        ("{", "malformed"),
        ("null", "malformed"),
        ("[]", "malformed"),
        ("7", "malformed"),
        ('"ping"', "malformed"),
        ("NaN", "malformed"),
        ("\ufeff" + '{"type":"ping"}', "malformed"),
        ('{"type":"ping","n":NaN}', "malformed"),
        ('{"type":"ping","n":Infinity}', "malformed"),
        ('{"type":"ping","n":1,"n":2}', "malformed"),
        ('{"type":"ping","type":"typing"}', "malformed"),
        ('{"type":"ping","\\u0074ype":"ping"}', "malformed"),
        ('{"type":"ping"} {"type":"ping"}', "malformed"),
        ("{'type':'ping'}", "malformed"),
        ('{"type":"chat_message","message":"\\ud800"}', "malformed"),
        ('{"type":"chat_message","message":"\ud800"}', "malformed"),
        ("[" * 30_000, "malformed"),
        ('{"a":' * 10_000, "malformed"),
        ("[" * 30_000 + "]" * 30_000, "malformed"),
        ('{"type":"chat_message","message":"' + "x" * 65_536 + '"}', "too_large"),
        ('{"type":"chat_message","message":"' + "é" * 32_760 + '"}', "too_large"),
        ("{}", "unknown_type"),
        ('{"type":null}', "unknown_type"),
        ('{"type":"nonsense"}', "unknown_type"),
        ('{"type":["ping"]}', "unknown_type"),
        ('{"type":"message_queued"}', "unknown_type"),
        ('{"type":"ping","n":"1"}', "invalid"),
        ('{"type":"ping","n":' + "9" * 5_000 + "}", "malformed"),
        ('{"type":"ping","n":9223372036854775808}', "invalid"),
        ('{"type":"ping","n":1e400}', "malformed"),
        ('{"type":"ping","m":1}', "invalid"),
        ('{"type":"chat_message"}', "invalid"),
        ('{"type":"chat_message","message":7}', "invalid"),
        ('{"type":"chat_message","message":"x","client_id":""}', "invalid"),
        ('{"type":"chat_message","message":"x","client_id":"' + "i" * 65 + '"}', "invalid"),
        ('{"type":"chat_message","message":"x","status":"APPROVED"}', "invalid"),
        ('{"type":"subscribe","room":"7"}', "invalid"),
        ('{"type":"sync","after":-1}', "invalid"),
        ('{"type":"sync","after":9223372036854775808}', "invalid"),
        ('{"type":"sync","after":1,"pending":[1]}', "invalid"),
        ('{"type":"sync","after":1,"pending":[' + ",".join(['"a"'] * 101) + "]}", "invalid"),
    ],
)
def test_bad_frame_has_stable_code(text, code):
    bad = decode.decode_frame(text)

    assert isinstance(bad, BadFrame)
    assert bad.code == code
    assert str(bad.message)


def test_bad_frame_names_client_id_frame_and_field():
    bad = decode.decode_frame('{"type":"chat_message","client_id":"mine","message":1}')

    assert isinstance(bad, BadFrame)
    assert (bad.client_id, bad.frame) == ("mine", "chat_message")
    assert bad.field == "message"


@pytest.mark.proves("R127")
@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ({"type": "edit_message", "id": str(ROOM), "message": 1}, {"message"}),
        ({"type": "delete_message", "id": str(ROOM), "room": 7}, {"room"}),
        ({"type": "delete_message", "id": str(ROOM), "client_id": "mine"}, None),
        ({"type": "nonsense", "id": str(ROOM)}, None),
        ({"type": "delete_message", "id": "7"}, {"id"}),
        ({"type": "sync", "after": -1, "room": str(ROOM)}, {"after"}),
        ({"type": "sync", "after": 1, "room": str(ROOM), "pending": [""]}, {"pending"}),
        ({"type": "chat_message", "client_id": "mine", "room": str(ROOM)}, {"message"}),
    ],
)
def test_error_names_fields_and_what_was_refused(sent, named):
    bad = decode.decode_frame(json.dumps(sent))

    assert isinstance(bad, BadFrame)
    error = msgspec.to_builtins(errors.bad_frame_error(bad, "en"))
    assert error.get("fields") == (named and dict.fromkeys(named, error["message"]))
    for name in ("client_id", "id", "room"):
        was_readable = name in sent and sent[name] not in (7, "7")
        assert error.get(name) == (sent[name] if was_readable else None)


def test_json_syntax_inside_text_is_text():
    text = '{"a": [[[[[[ "type": "type": \\ }}}'
    sent = json.dumps({"type": "chat_message", "message": text, "client_id": "c"})

    assert decode.decode_frame(sent) == protocol.ChatMessage(message=text, client_id="c")


@pytest.mark.parametrize(
    ("prefix", "repeated"), [('"', '\\"'), ("", '"'), ('{"a":"', '\\"['), ('"', "\\\\"), ("", "[")]
)
def test_strings_of_hostile_text_are_searched_once(prefix, repeated):
    """A quotation mark at which no match begins would be searched to the end, as would the next."""
    text = prefix + repeated * (64_000 // len(repeated))

    assert isinstance(decode.decode_frame(text), BadFrame)
    assert '"' not in decode._STRING.sub("", text)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
_keys = st.sampled_from(
    ["type", "message", "client_id", "room", "after", "epoch", "pending", "seq", "n", "id", "x"]
)
_types = st.sampled_from([*sorted(decode._TYPES), "error", ""])


@pytest.mark.proves("S18")
@settings(max_examples=500)
@given(st.text() | st.builds(json.dumps, _values))
def test_any_text_yields_frame_or_bad_frame(text):
    assert isinstance(decode.decode_frame(text), BadFrame | protocol.ClientFrame)


@pytest.mark.proves("S18")
@settings(max_examples=500)
@given(st.dictionaries(_keys, _values, max_size=5), _types)
def test_any_object_yields_frame_or_bad_frame(fields, kind):
    result = decode.decode_frame(json.dumps({**fields, "type": kind}))

    assert isinstance(result, BadFrame | protocol.ClientFrame)
    if isinstance(result, protocol.ClientFrame):
        assert msgspec.json.decode(msgspec.json.encode(result))["type"] == kind


def test_too_large_frame_names_limit_in_language_of_user():
    bad = decode.decode_frame(" " * (MAX_FRAME_BYTES + 1))

    assert isinstance(bad, BadFrame)
    with translation.override("pt-br"):
        assert str(bad.message) == "O quadro é maior que 64 KiB."
