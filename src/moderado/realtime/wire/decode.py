"""Decodes what a client sends: into a frame, or into the reason why it is none. Never raises."""

import re
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

import msgspec
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from moderado.core.wire_limits import KIB, MAX_CLIENT_ID, MAX_FRAME_BYTES
from moderado.realtime.wire import protocol

MAX_DEPTH = 4  # of nesting; no frame needs more than 2

_decoder: "msgspec.json.Decoder[protocol.AnyClientFrame]" = msgspec.json.Decoder(
    protocol.AnyClientFrame
)
_TYPES = frozenset(
    str(frame.__struct_config__.tag) for frame in protocol.ClientFrame.__subclasses__()
)
_TOO_LARGE = format_lazy(_("The frame is larger than {limit} KiB."), limit=MAX_FRAME_BYTES // KIB)
# A JSON string, with the colon that makes it a key. An unterminated string matches up to the end,
# so that the search takes linear time whatever was sent.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"(\s*:)?|\\?\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class BadFrame:
    """Why a frame was refused, and what could be read of it.

    `message` contains `%(field)s` if `field` is set.
    """

    code: str
    message: Promise
    client_id: str | None = None
    frame: str | None = None
    field: str | None = None
    id: UUID | None = None
    room: UUID | None = None


def decode_frame(text: str | None) -> "protocol.AnyClientFrame | BadFrame":
    """Decode a frame.

    Args:
        text: The text message; None for a binary one.
    """
    if text is None:
        return BadFrame("malformed", _("Frames are text: JSON objects in UTF-8."))
    if bad := _check_text(text):
        return bad
    try:
        frame = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return _explain(text)
    if _may_have_duplicates(frame, text) and _has_duplicates(text):
        return BadFrame("malformed", _("A field was given twice."))
    return frame


def _may_have_duplicates(frame: protocol.AnyClientFrame, text: str) -> bool:
    """Whether a field may occur twice. Cheap, and false for nearly every frame."""
    return "\\" in text or any(text.count(name) > 1 for name in _names(type(frame)))


@cache
def _names(kind: type[protocol.ClientFrame]) -> tuple[str, ...]:
    return ('"type"', *(f'"{name}"' for name in kind.__struct_encode_fields__))


def _check_text(text: str) -> BadFrame | None:
    """Refuse text that is too long, not UTF-8 or nested too deeply, before it is decoded."""
    if len(text) > MAX_FRAME_BYTES:
        return BadFrame("too_large", _TOO_LARGE)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return BadFrame("malformed", _("The frame is not valid UTF-8."))
    if size > MAX_FRAME_BYTES:
        return BadFrame("too_large", _TOO_LARGE)
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        return BadFrame("malformed", _("The frame is nested too deeply."))
    return None


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _has_duplicates(text: str) -> bool:
    """Whether a field occurs twice, which JSON leaves undefined. (Frames are flat.)"""
    keys = [match[0].rstrip(": \t\r\n") for match in _STRING.finditer(text) if match[1]]
    plain = [msgspec.json.decode(key) if "\\" in key else key[1:-1] for key in keys]
    return len(plain) != len(set(plain))


def _explain(text: str) -> BadFrame:
    """Find out what is wrong with a frame that could not be decoded."""
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return BadFrame("malformed", _("The frame is not valid JSON."))
    if not isinstance(raw, dict):
        return BadFrame("malformed", _("The frame is not a JSON object."))
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        bad = BadFrame("unknown_type", _("There is no frame of this type."))
    elif _has_duplicates(text):
        bad = BadFrame("malformed", _("A field was given twice."), frame=kind)
    else:
        message, field = _find_invalid_field(raw, kind)
        bad = BadFrame("invalid", message, frame=kind, field=field)
    named, room = _uuid(raw.get("id")), _uuid(raw.get("room"))
    return replace(bad, client_id=_client_id(raw), id=named, room=room)


def _client_id(raw: dict[str, object]) -> str | None:
    """The client_id of the refused message, if it is a valid one."""
    given = raw.get("client_id")
    return given if isinstance(given, str) and 1 <= len(given) <= MAX_CLIENT_ID else None


def _uuid(value: object) -> UUID | None:
    """The value as the id of a message or room, if it is one."""
    return msgspec.convert(value, UUID) if _is_valid(value, UUID) else None


def _find_invalid_field(raw: dict[str, object], kind: str) -> tuple[Promise, str | None]:
    """The message and the field for it. Names fields of the protocol only, never what was sent."""
    struct = next(
        frame
        for frame in protocol.ClientFrame.__subclasses__()
        if frame.__struct_config__.tag == kind
    )
    known = {field.name: field for field in msgspec.structs.fields(struct)}
    if raw.keys() - known.keys() - {"type"}:
        return _("The frame has a field that does not belong to it."), None
    if missing := [name for name, field in known.items() if field.required and name not in raw]:
        return _("A field is missing: %(field)s."), missing[0]
    for name, field in known.items():
        if name in raw and not _is_valid(raw[name], field.type):
            return _("A field is not valid: %(field)s."), name
    return _("The frame is not valid."), None


def _is_valid(value: object, kind: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True
