"""The AsyncAPI document matches the frames."""

import json

import jsonschema
import pytest

from moderado.realtime.wire import asyncapi, protocol
from moderado.realtime.wire.decode import _TYPES


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(asyncapi.document()))


def test_document_contains_every_frame_and_no_dangling_reference(document):
    names = {message["name"] for message in document["components"]["messages"].values()}
    references = {
        value for value in _values(document) if isinstance(value, str) and value.startswith("#/")
    }

    assert names == _TYPES | {frame.__struct_config__.tag for frame in protocol.SERVER_FRAMES}
    for reference in references:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_client_frames_are_closed_and_server_frames_are_open(document):
    schemas = document["components"]["schemas"]

    for frame in protocol.ClientFrame.__subclasses__():
        assert schemas[frame.__name__]["additionalProperties"] is False
    for frame in protocol.SERVER_FRAMES:
        assert "additionalProperties" not in schemas[frame.__name__]


def test_schemas_are_valid(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)


def test_each_frame_has_an_example_that_its_schema_allows(document):
    schemas = {"components": {"schemas": document["components"]["schemas"]}}

    for message in document["components"]["messages"].values():
        examples = message["examples"]
        assert {example["payload"]["type"] for example in examples} == {message["name"]}
        for example in examples:
            jsonschema.validate(example["payload"], schemas | message["payload"])


def _values(node):
    if isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _values(value)
    else:
        yield node
