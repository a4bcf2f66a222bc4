"""The frames in a client's bytes are found exactly where the parser finds them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from moderado.realtime.transport.client_frames import find_frame

sizes = st.integers(0, 300) | st.sampled_from([125, 126, 65_535, 65_536])
opcodes = st.sampled_from([Opcode.CONT, Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG])


@given(st.lists(st.tuples(opcodes, sizes, st.booleans(), st.booleans()), max_size=8))
def test_frames_are_found_one_after_the_other(wanted):
    frames, at = [], 0
    for opcode, size, fin, mask in wanted:
        is_control = opcode in (Opcode.PING, Opcode.PONG)
        data = b"x" * (min(size, 125) if is_control else size)
        frame = Frame(opcode, data, fin=fin or is_control)
        frames.append((frame.serialize(mask=mask), frame))
    received = b"".join(wire for wire, _ in frames)

    for wire, frame in frames:
        found = find_frame(received, at)
        assert found is not None
        assert found.end == at + len(wire)
        assert found.is_message == (frame.fin and frame.opcode in (Opcode.TEXT, Opcode.BINARY))
        at = found.end
    assert find_frame(received, at) is None


@given(sizes)
def test_length_is_known_before_the_rest_of_the_frame(size):
    wire = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)
    header = 2 if size < 126 else 4 if size < 65_536 else 10

    assert [find_frame(wire[:length], 0) for length in range(header)] == [None] * header
    assert find_frame(wire[:header], 0) == (len(wire), True, True)


@pytest.mark.parametrize("mark, bytes_", [(126, 2), (127, 8)])
@given(st.integers(0, 65_535) | st.integers(120, 130))
def test_length_in_more_bytes_than_it_takes_is_recognised(mark, bytes_, size):
    """RFC 6455, section 5.2. The library that parses frames takes such lengths."""
    found = find_frame(bytes([0x81, 0x80 | mark]) + size.to_bytes(bytes_), 0)
    assert found is not None
    shortest = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)
    assert found.is_valid == (found.end == len(shortest))
