"""Tables of `docs/protocol.md` that are generated from the source: fields of frames, error codes.

Types come from the JSON schemas of the AsyncAPI document, descriptions from the frames' types.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml
from django.utils import translation
from msgspec import UNSET
from rest_framework.exceptions import APIException

Schema = dict[str, Any]

OBJECTS = {
    "Category": "category",
    "MessageView": "message",
    "Draft": "edit",
    "Author": "author",
    "Person": "person",
    "UserRef": "user",
    "OwnCursor": "cursor",
    "HelpLine": "help line",
    "SlowModeView": "slow mode",
    "RestrictionDetails": "restriction",
    "ReportView": "report",
    "SanctionView": "sanction",
    "SuspensionView": "suspension",
    "DecisionView": "decision",
    "AppealView": "appeal",
    "BlockView": "block",
    "Profile": "profile",
    "RoomView": "room",
    "LeftRoom": "left room",
    "LastMessage": "last message",
    "NameChange": "name change",
    "SanctionNote": "sanction",
}
FORMATS = {"uuid": "UUID", "date-time": "UTC time"}


def client_frames() -> str:
    """Return the fields of the frames that clients send."""
    from moderado.realtime.wire import protocol  # noqa: PLC0415  (Django is set up by now)

    return _table("frame", protocol.ClientFrame.__subclasses__(), may_omit="optional")


def server_frames() -> str:
    """Return the fields of the frames that the server sends."""
    from moderado.realtime.wire import protocol  # noqa: PLC0415

    return _table("frame", protocol.SERVER_FRAMES, may_omit="always")


def objects() -> str:
    """Return the fields of the objects inside of frames."""
    from moderado.accounts.types import Person  # noqa: PLC0415
    from moderado.chat.types import (  # noqa: PLC0415
        Author,
        Draft,
        LastMessage,
        MessageView,
        NameChange,
        SlowModeView,
    )
    from moderado.chat.views import (  # noqa: PLC0415
        LeftRoom,
        OwnCursor,
        Profile,
        RoomView,
    )
    from moderado.realtime.wire.protocol import (  # noqa: PLC0415
        RestrictionDetails,
        UserRef,
    )

    shown = (MessageView, Draft, Author, Person, UserRef, OwnCursor)
    own = (Profile, RoomView, LeftRoom, LastMessage, NameChange)
    more = (*own, SlowModeView, RestrictionDetails)
    return _table("object", [*shown, *more], may_omit="always")


def error_codes() -> str:
    """Return the codes of errors with their HTTP status and their English sentence."""
    lines = ["| code | status | sentence |", "| --- | --- | --- |"]
    with translation.override("en"):
        known = {code: (status, str(sentence)) for code, status, sentence in _errors()}
    by_status = sorted(known.items(), key=lambda each: (str(each[1][0]), each[0]))
    lines += [f"| `{code}` | {status} | {sentence} |" for code, (status, sentence) in by_status]
    return "\n".join(lines) + "\n"


def requests(openapi: str) -> str:
    """Return the requests of the REST API with their parameters, bodies and answers.

    Args:
        openapi: The OpenAPI document, as YAML.
    """
    document = yaml.load(openapi, yaml.CSafeLoader)
    schemas = document["components"]["schemas"]
    lines = ["| request | query | body | answer |", "| --- | --- | --- | --- |"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            cells = [
                f"`{method.upper()} {path}`",
                ", ".join(
                    f"`{each['name']}`"
                    for each in operation.get("parameters", ())
                    if each["in"] == "query"
                ),
                ", ".join(_body_fields(operation, schemas)),
                _answer(operation["responses"]),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _body_fields(operation: Schema, schemas: Schema) -> Iterator[str]:
    """Yield the fields of the JSON body; those that may be left out end with `?`."""
    content = operation.get("requestBody", {}).get("content", {})
    name = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = schemas.get(name, {})
    for field in schema.get("properties", {}):
        yield f"`{field}`" if field in schema.get("required", ()) else f"`{field}?`"


def _answer(responses: Schema) -> str:
    """Return the status of success and the schema of its body."""
    status = next(status for status in responses if status.startswith("2"))
    schema = responses[status].get("content", {}).get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    return f"{status} `{name}`" if name else str(status)


def _errors() -> Iterator[tuple[str, int | str, object]]:
    """Yield code, status and sentence. Where several errors share a code, the last one counts."""
    import moderado.api.urls  # noqa: PLC0415  (with it all errors are defined)
    import moderado.realtime.routing  # noqa: F401, PLC0415
    from moderado.api.errors import CODES, INTERNAL  # noqa: PLC0415
    from moderado.core.errors import ApplicationError  # noqa: PLC0415
    from moderado.realtime.transport import http_refusals  # noqa: PLC0415

    for refusal in vars(http_refusals).values():
        if isinstance(refusal, http_refusals.Refusal):
            yield refusal.code, refusal.status.value, refusal.detail
    for theirs in sorted(_subclasses(APIException), key=lambda error: error.__name__):
        code = str(theirs.default_code)
        yield CODES.get(code, code), theirs.status_code, theirs.default_detail
    # An error before those derived from it, which may keep its code: the general sentence counts.
    for error in reversed(list(_subclasses(ApplicationError))):
        is_of_frames = error.__module__.startswith("moderado.realtime.")
        yield error.code, "frames only" if is_of_frames else error.status, error.message
    yield "internal", 500, INTERNAL


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from _subclasses(each)


def _table(what: str, structs: Iterable[type[msgspec.Struct]], *, may_omit: str) -> str:
    """Return the fields of structs. Those with the same fields share their rows.

    Args:
        what: The heading of the first column.
        structs: The frames or objects.
        may_omit: What to say of a field with a default: `optional` if the sender is a client.
    """
    by_fields: dict[tuple[str, ...], list[str]] = {}
    for struct in structs:
        by_fields.setdefault(_fields(struct, may_omit), []).append(_title(struct))
    lines = [f"| {what} | field | value | present | meaning |", "| --- | --- | --- | --- | --- |"]
    for fields, titles in by_fields.items():
        first, *others = fields or ("- | - | - | - |",)
        lines.append(f"| {', '.join(titles)} | {first}")
        lines += [f"| | {field}" for field in others]
    return "\n".join(lines) + "\n"


def _fields(struct: type[msgspec.Struct], may_omit: str) -> tuple[str, ...]:
    schemas = msgspec.json.schema_components([struct], ref_template="{name}")[1]
    properties = schemas[struct.__name__]["properties"]
    rows = []
    for field in msgspec.structs.fields(struct):
        present = "always" if field.required else may_omit
        if field.default is UNSET:
            present = "may be absent"
        schema = properties[field.encode_name]
        cells = [f"`{field.encode_name}`", _value(schema), present, schema.get("description", "")]
        rows.append(f"{' | '.join(cells)} |")
    return tuple(rows)


def _title(struct: type[msgspec.Struct]) -> str:
    tag = struct.__struct_config__.tag
    return f"`{tag}`" if tag else OBJECTS[struct.__name__]


def _value(schema: Schema) -> str:
    """Return the type of a value in words."""
    if "$ref" in schema:
        words = OBJECTS[schema["$ref"]]
    elif "anyOf" in schema:
        words = " or ".join(_value(each) for each in schema["anyOf"])
    elif "enum" in schema:
        words = ", ".join(f"`{value}`" for value in schema["enum"])
    elif schema["type"] == "array":
        words = f"list of {_value(schema['items'])}" + _limit(schema, "Items", "items")
    elif schema["type"] == "object":
        words = f"object: string → {_value(schema['additionalProperties'])}"
    elif schema["type"] == "string":
        words = FORMATS.get(schema.get("format", ""), "string") + _limit(
            schema, "Length", "characters"
        )
    else:
        words = schema["type"]
    return words


def _limit(schema: Schema, what: str, unit: str) -> str:
    """Return the greatest number of items or characters, if there is one. The least is 1 or 0."""
    most = schema.get(f"max{what}")
    least = "not empty, " if schema.get(f"min{what}") else ""
    return f" ({least}at most {most:,} {unit})" if most else ""
