"""From what came over the wire to a frame, or to the error that answers it. Never an exception."""

import re
from dataclasses import dataclass
from functools import cache

import msgspec
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from moderado.core.wire_limits import KIB, MAX_CLIENT_ID, MAX_FRAME_BYTES
from moderado.realtime.wire import protocol

MAX_DEPTH = 4  # a frame is an object, and one field of one frame is a list

_decoder: "msgspec.json.Decoder[protocol.AnyClientFrame]" = msgspec.json.Decoder(
    protocol.AnyClientFrame
)
_TYPES = frozenset(
    str(frame.__struct_config__.tag) for frame in protocol.ClientFrame.__subclasses__()
)
_TOO_LARGE = format_lazy(_("The frame is larger than {limit} KiB."), limit=MAX_FRAME_BYTES // KIB)
# A whole string, and the colon that makes it a key. An unfinished one reaches to the end, so that
# the search is linear in whatever was sent.
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"(\s*:)?|\\?\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a frame cannot be read: a stable code, a sentence, and what can be told of the frame."""

    code: str
    message: Promise
    client_id: str | None = None
    frame: str | None = None
    field: str | None = None  # for the sentence's %(field)s


def parse(text: str | None) -> "protocol.AnyClientFrame | Refusal":
    """The frame in `text`; None stands for a binary frame. Total: whatever comes, it answers."""
    if text is None:
        return Refusal("malformed", _("Frames are text: JSON objects in UTF-8."))
    if refusal := _unreadable(text):
        return refusal
    try:
        frame = _decoder.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return _refusal(text)
    if _may_have_duplicates(frame, text) and _has_duplicates(text):
        return Refusal("malformed", _("A field was given twice."))
    return frame


def _may_have_duplicates(frame: protocol.AnyClientFrame, text: str) -> bool:
    """A cheap look that excludes it for nearly all: no name of a field stands there twice, nor may
    one be spelt in escapes."""
    return "\\" in text or any(text.count(name) > 1 for name in _names(type(frame)))


@cache
def _names(kind: type[protocol.ClientFrame]) -> tuple[str, ...]:
    return ('"type"', *(f'"{name}"' for name in kind.__struct_encode_fields__))


def _unreadable(text: str) -> Refusal | None:
    """What no decoder needs to look at: too long, not UTF-8, or deeper than any frame."""
    if len(text) > MAX_FRAME_BYTES:
        return Refusal("too_large", _TOO_LARGE)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return Refusal("malformed", _("The frame is not valid UTF-8."))
    if size > MAX_FRAME_BYTES:
        return Refusal("too_large", _TOO_LARGE)
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        return Refusal("malformed", _("The frame is nested too deeply."))
    return None


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _has_duplicates(text: str) -> bool:
    """Whether a field was given twice: which counts is nobody's guess. (Frames are flat.)"""
    keys = [match[0].rstrip(": \t\r\n") for match in _STRING.finditer(text) if match[1]]
    plain = [msgspec.json.decode(key) if "\\" in key else key[1:-1] for key in keys]
    return len(plain) != len(set(plain))


def _refusal(text: str) -> Refusal:
    """Which mistake it was: not JSON, not an object, an unknown type, or wrong fields."""
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError):
        return Refusal("malformed", _("The frame is not valid JSON."))
    if not isinstance(raw, dict):
        return Refusal("malformed", _("The frame is not a JSON object."))
    client_id = _client_id(raw)
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        return Refusal("unknown_type", _("There is no frame of this type."), client_id)
    if _has_duplicates(text):
        return Refusal("malformed", _("A field was given twice."), client_id, kind)
    message, field = _what_is_wrong(raw, kind)
    return Refusal("invalid", message, client_id, kind, field)


def _client_id(raw: dict[str, object]) -> str | None:
    """The sender's id of the refused message, if it is one: short, and a string."""
    given = raw.get("client_id")
    return given if isinstance(given, str) and 1 <= len(given) <= MAX_CLIENT_ID else None


def _what_is_wrong(raw: dict[str, object], kind: str) -> tuple[Promise, str | None]:
    """The sentence names our own fields, and never repeats what was sent."""
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
        if name in raw and not _fits(raw[name], field.type):
            return _("A field is not valid: %(field)s."), name
    return _("The frame is not valid."), None


def _fits(value: object, kind: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True
