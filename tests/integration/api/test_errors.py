"""Every error has one shape and reveals nothing internal."""

import gzip
import json

import pytest
from django.core.exceptions import PermissionDenied, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.test import Client, RequestFactory
from django.utils import translation
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.test import APIClient

from moderado.api import errors
from moderado.api.authentication import SessionCookie
from moderado.core.errors import ApplicationError, Invalid, RateLimited, Unavailable
from moderado.core.redis import RedisError
from tests.factories import make_user

LOGIN = "/api/auth/login/"


@pytest.fixture
def client():
    return APIClient()


def send(client, body, content_type="application/json"):
    return client.generic("POST", LOGIN, body, content_type=content_type)


@pytest.mark.proves("S40")
@pytest.mark.parametrize(
    "error, status, code",
    [
        (exceptions.ValidationError({"name": ["Bad."]}), 400, "invalid"),
        (Invalid(), 400, "invalid"),
        (exceptions.ParseError(), 400, "parse_error"),
        (TooManyFieldsSent("secret"), 400, "parse_error"),
        (MultiPartParserError("secret"), 400, "parse_error"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), 401, "not_authenticated"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (PermissionDenied("secret"), 403, "forbidden"),
        (Http404("secret"), 404, "not_found"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.NotAcceptable(), 406, "not_acceptable"),
        (exceptions.UnsupportedMediaType("text/x"), 415, "unsupported_media_type"),
        (exceptions.Throttled(wait=7.2), 429, "rate_limited"),
        (RateLimited(retry_after=7), 429, "rate_limited"),
        (ValueError("secret"), 500, "internal"),
        (OperationalError("secret"), 503, "unavailable"),
        (InterfaceError("secret"), 503, "unavailable"),
        (RedisError("secret"), 503, "unavailable"),
        (Unavailable(), 503, "unavailable"),
    ],
)
def test_each_error_has_its_status_and_code(error, status, code):
    answer = errors.answer(error, {})

    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert answer.data["detail"]
    assert "secret" not in str(answer.data)
    assert ("error_id" in answer.data) == (status >= 500)


def test_rate_limited_answer_has_retry_after():
    assert errors.answer(RateLimited(retry_after=7), {}).headers["Retry-After"] == "7"
    assert errors.answer(exceptions.Throttled(wait=7.2), {}).headers["Retry-After"] == "8"


def kinds_of(error):
    return [error, *(kind for each in error.__subclasses__() for kind in kinds_of(each))]


@pytest.mark.parametrize(
    "error", [each for each in kinds_of(ApplicationError) if each.status == 503]
)
def test_each_error_that_passes_has_retry_after(error):
    assert int(errors.answer(error(), {}).headers["Retry-After"]) > 0


def test_nested_mistakes_are_named_by_their_path():
    detail = {
        "name": ["One.", "Two."],
        "members": [{}, {"role": ["Bad."]}],
        "options": {"mode": ["Worse."]},
        "non_field_errors": ["All of it."],
    }

    answer = errors.answer(exceptions.ValidationError(detail), {})

    assert answer.data["fields"] == {
        "name": "One. Two.",
        "members.1.role": "Bad.",
        "options.mode": "Worse.",
        "body": "All of it.",
    }


@pytest.mark.parametrize("sent", ["", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_other_content_type_is_answered_by_the_one_to_send(client, sent, language):
    answer = client.generic(
        "POST", LOGIN, b"email=x", content_type=sent, headers={"Accept-Language": language}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "`Content-Type: application/json`" in answer.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body, field, sentence",
    [
        ([], "body", "Deve ser um objeto JSON."),
        ({"email": "ana@example.org", "password": []}, "password", "Deve ser um texto."),
    ],
)
def test_wrong_type_is_explained_without_its_english_name(client, body, field, sentence):
    answer = client.post(LOGIN, body, format="json", headers={"Accept-Language": "pt-br"})

    assert answer.json()["fields"][field] == sentence


@pytest.mark.proves("S16")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"\xff\xfe",
        b'{"email": "\xc3"}',
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": ' + b"9" * 5000 + b"}",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"{}",
        b'{"email": null, "password": null}',
        b'{"email": {}, "password": []}',
        b'{"email": "a\\u0000b", "password": "x"}',
        b'{"email": "\\ud800", "password": "x"}',
        b'{"email": "x", "password": "\\ud800"}',
    ],
)
@pytest.mark.django_db
def test_every_malformed_body_answers_400(client, body):
    answer = send(client, body)

    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid", "parse_error"}


def test_too_large_body_is_not_read_completely(client):
    answer = send(client, json.dumps({"email": "x" * 70_000}))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "x"])
def test_bodies_of_other_types_are_a_415(client, content_type):
    answer = send(client, b"email=x", content_type)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("encoding", ["gzip", "BR", "x", "identity, gzip"])
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_encoded_body_is_a_415_that_names_the_header(client, encoding, language):
    answer = client.generic(
        "POST",
        LOGIN,
        gzip.compress(b'{"email": "x"}'),
        content_type="application/json",
        headers={"Content-Encoding": encoding, "Accept-Language": language},
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")
    assert "`Content-Encoding`" in answer.json()["detail"]
    assert answer.headers["Accept-Encoding"] == "identity"


@pytest.mark.django_db
def test_body_that_is_said_to_be_as_it_is_is_read(client):
    answer = client.generic(
        "POST",
        LOGIN,
        b"{}",
        content_type="application/json",
        headers={"Content-Encoding": "identity"},
    )

    assert set(answer.json()["fields"]) == {"email", "password"}


def test_unsupported_method_answers_405_with_allow(client):
    answer = client.delete(LOGIN)

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path", ["", "nothing/", "auth/login", "auth/../x", "%00/", "auth/users/7/"]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_paths_that_do_not_exist_are_a_404_for_everybody(client, method, path):
    answer = getattr(client, method)(f"/api/{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "language, detail",
    [("en", "There is no such thing, or you may not see it."), ("xx", None), ("pt-BR", None)],
)
def test_error_detail_follows_accept_language(client, language, detail):
    answer = client.get("/api/nothing/", headers={"Accept-Language": language})

    spoken = answer.headers["Content-Language"]
    assert spoken == ("en" if language == "en" else "pt-br")
    if detail:
        assert answer.json()["detail"] == detail


@pytest.mark.proves("S40")
@pytest.mark.django_db
def test_unexpected_error_answers_an_id_and_is_logged(client, monkeypatch, caplog):
    def fails(**_):
        raise ValueError("canary")

    monkeypatch.setattr("moderado.accounts.services.sessions.sign_in", fails)
    answer = client.post(LOGIN, {"email": "x", "password": "x"})

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "canary" not in answer.content.decode()
    assert answer.json()["error_id"] in caplog.text


@pytest.mark.proves("S40")
@pytest.mark.django_db
def test_database_outage_answers_503(client, monkeypatch):
    def fails(**_):
        raise OperationalError("connection to host db.internal refused")

    monkeypatch.setattr("moderado.accounts.services.sessions.sign_in", fails)
    answer = client.post(LOGIN, {"email": "x", "password": "x"})

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "db.internal" not in answer.content.decode()


@pytest.mark.django_db
def test_sign_in_works_without_redis(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    user = make_user(password="uma frase bem longa")

    answer = client.post(LOGIN, {"email": user.email, "password": "uma frase bem longa"})

    assert answer.status_code == 200


def test_error_outside_a_view_is_json_under_api_only():
    inside = errors.server_error(RequestFactory().get("/api/auth/users/"))
    outside = errors.server_error(RequestFactory().get("/"))

    assert (inside.status_code, json.loads(inside.content)["code"]) == (500, "internal")
    assert (outside.status_code, outside.headers["Content-Type"]) == (
        500,
        "text/html; charset=utf-8",
    )


@pytest.mark.proves("S83")
@pytest.mark.django_db
def test_error_that_quotes_an_unpaired_surrogate_is_written(client):
    client.force_login(make_user())

    answer = client.generic(
        "PATCH", "/api/auth/users/me/", r'{"language": "\ud800"}', "application/json"
    )

    assert answer.status_code == 400
    assert "\ud800" in answer.json()["fields"]["language"]


@pytest.mark.proves("S231")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b'{"email": "a@example.org", "password": "x", "email": "b@example.org"}',
        b'{"password": "x", "pass\\u0077ord": "y"}',
        b'{"password": {"a": 1, "a": 1}}',
        b'[{"password": 1, "password": 1}]',
    ],
)
def test_field_that_is_given_twice_is_refused(client, body):
    answer = send(client, body)

    assert answer.status_code == 400
    assert answer.json() == {"code": "parse_error", "detail": "Um campo foi informado duas vezes."}


MANY_FIELDS = "&".join("a=1" for _ in range(1_001))
MANY_FILES = "".join(
    f'--x\r\nContent-Disposition: form-data; name="f{n}"; filename="a"\r\n\r\nz\r\n'
    for n in range(101)
)


@pytest.mark.proves("S97")
@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/api/chat/rooms/", LOGIN, "/v1/moderations", "/api/schema/"])
def test_too_many_parameters_are_a_bad_request(client, path, method):
    answer = getattr(client, method)(f"{path}?{MANY_FIELDS}")

    assert answer.status_code == 400, answer.content
    assert b"parse_error" in answer.content


@pytest.mark.proves("S97")
@pytest.mark.django_db
def test_too_many_parameters_of_the_other_judge_are_a_bad_request(client):
    answer = client.post(f"/v1alpha1/comments:analyze?{MANY_FIELDS}")

    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.proves("S97")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "body, content_type",
    [
        (MANY_FIELDS, "application/x-www-form-urlencoded"),
        (f"{MANY_FILES}--x--", "multipart/form-data; boundary=x"),
        ("a", "multipart/form-data; boundary="),
        ("a", "multipart/form-data"),
    ],
)
@pytest.mark.parametrize("path, statuses", [("/nothing/", {404}), ("/sign-in/", {400, 403})])
def test_malformed_form_is_no_failure(body, content_type, path, statuses):
    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.get("/sign-in/")  # a cookie to compare with

    answer = browser.generic("POST", path, body, content_type)

    assert answer.status_code in statuses


@pytest.mark.proves("S97")
@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "chat/message/?created_at__year=99999999999",
        "autocomplete/?term=%00&app_label=chat&model_name=message&field_name=room",
        "r/1/1/",
        "chat/message/?q=%00",
    ],
)
def test_page_of_the_admin_for_an_impossible_value_is_no_failure(address):
    browser = Client(raise_request_exception=False)
    browser.force_login(make_user(is_staff=True, is_superuser=True))

    assert browser.get(f"/admin/{address}").status_code in {200, 302, 400, 403, 404}


def test_refused_origin_is_not_quoted_and_its_sentence_is_translated():
    request = RequestFactory().post("/", HTTP_ORIGIN="http://evil.example")

    with translation.override("pt-br"), pytest.raises(exceptions.PermissionDenied) as refused:
        SessionCookie().enforce_csrf(Request(request))

    answer = errors.answer(refused.value, {})
    assert answer.data["code"] == "forbidden"
    assert "evil" not in answer.data["detail"]
    assert answer.data["detail"].endswith("Recarregue a página.")


@pytest.mark.django_db
def test_sentences_about_one_field_are_told_apart(client):
    body = {"email": "helena@example.org", "name": "Helena", "password": "helena@example.org"}

    answer = client.post("/api/auth/register/", body)

    sentences = answer.json()["fields"]["password"]
    assert sentences.startswith("A senha é muito parecida com e-mail. Esta senha é fácil")
    assert sentences.endswith(".")
