"""The OpenAPI and AsyncAPI documents are built once, and answer only what they are asked."""

import json

import pytest
import yaml
from django.test import Client
from django.utils.translation import trans_real

from moderado.api import openapi_document

pytestmark = pytest.mark.django_db

OPENAPI, ASYNCAPI = "/api/schema/", "/ws/schema/"


@pytest.fixture
def built(monkeypatch):
    """The languages in which a document was built."""
    languages = []

    def counted(*args, **kwargs):
        languages.append(trans_real.get_language())
        return {"openapi": "3.1.1", "info": {"title": "documento"}}

    monkeypatch.setattr(openapi_document.SchemaGenerator, "get_schema", counted)
    openapi_document._document.cache_clear()
    yield languages
    openapi_document._document.cache_clear()


@pytest.mark.proves("S95")
def test_document_is_built_once_for_each_language_and_format(built):
    for _ in range(3):
        for query in ("", "?lang=en", "?format=json", "?lang=en&version=2"):
            assert Client().get(OPENAPI + query).status_code == 200

    assert sorted(built) == ["en", "pt-br", "pt-br"]


@pytest.mark.proves("S95")
@pytest.mark.parametrize("path", [OPENAPI, ASYNCAPI])
def test_document_is_not_sent_again_to_a_client_that_has_it(path):
    first = Client().get(path)
    again = Client().get(path, headers={"If-None-Match": first["ETag"]})
    other = Client().get(path, headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert "public" in again["Cache-Control"]
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.proves("S95")
@pytest.mark.parametrize(
    "query", ["lang=xx-yy", "lang=..%2F..%2Fetc", "lang=%00", f"lang={'a' * 600}", "lang=en%0Aa"]
)
def test_unknown_language_is_ignored_and_not_remembered(built, query):
    known = set(trans_real._translations)

    assert Client().get(f"{OPENAPI}?{query}").status_code == 200

    assert built == ["pt-br"]
    assert set(trans_real._translations) - known <= {"pt-br", "en"}


@pytest.mark.proves("S95")
@pytest.mark.parametrize("version", ["%0Ax", "%22;x", "%F0%9F%98%80", "a" * 2_000])
def test_text_of_the_address_is_not_in_the_document(built, version):
    plain, asked = (Client().get(f"{OPENAPI}{query}") for query in ("", f"?version={version}"))

    assert asked.content == plain.content
    assert asked["Content-Disposition"] == 'inline; filename="Chat Moderado.yaml"'


def test_documents_are_in_the_formats_that_they_name(built):
    yaml_answer, json_answer = (Client().get(OPENAPI + query) for query in ("", "?format=json"))

    assert yaml_answer["Content-Type"] == "application/vnd.oai.openapi; charset=utf-8"
    assert yaml.safe_load(yaml_answer.content) == json.loads(json_answer.content)
    assert json_answer["Content-Type"] == "application/vnd.oai.openapi+json; charset=utf-8"
