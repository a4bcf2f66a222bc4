"""Registration, sign-in, refresh and sign-out by REST."""

import json
import re
from uuid import UUID, uuid4

import jwt
import pytest
from django.test import Client
from django.utils import translation
from rest_framework.test import APIClient

from moderado.accounts.models import Session, User
from moderado.accounts.services import sessions, tickets
from moderado.moderation.services.subject_screening import screen_waiting
from tests.factories import PASSWORD, make_staff, make_user

pytestmark = pytest.mark.django_db

GOOD = {"email": "Ana@Example.org", "name": " Ana ", "password": "uma frase bem longa"}


@pytest.fixture
def client():
    return APIClient()


@pytest.fixture
def user():
    return make_user(name="Bia", email="bia@example.org", language="pt-br")


@pytest.fixture
def stranger():
    """A client address that no limit has counted yet."""
    return make_user(email=f"{uuid4().hex}@example.org")


def post(client, path, body=None, **headers):
    return client.post(f"/api/auth/{path}/", body, **headers)


def sign_in(client, user, password=PASSWORD, **headers):
    return post(client, "login", {"email": user.email, "password": password}, **headers)


def signed_in(user):
    client = APIClient()
    session = sessions.open_session(user=user)
    tokens = sessions.tokens_of(session=session)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access}")
    client.tokens = tokens
    return client


def test_registering_makes_an_account_and_signs_in_to_it(client):
    answer = post(client, "register", GOOD)

    assert answer.status_code == 201
    assert set(answer.data) == {"user", "tokens"}
    user, tokens = answer.data["user"], answer.data["tokens"]
    assert (user["name"], user["email"]) == ("Ana", "ana@example.org")
    assert UUID(user["id"]).version == 7
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert client.get("/api/auth/users/me/").data["id"] == user["id"]


@pytest.mark.parametrize(
    "asked, kept", [("pt-BR", "pt-br"), ("en-GB,en;q=0.9", "en"), ("xx", "pt-br")]
)
def test_registration_stores_the_language(client, asked, kept):
    answer = post(client, "register", GOOD, headers={"Accept-Language": asked})

    assert answer.data["user"]["language"] == kept


def test_registering_says_everything_that_is_wrong(client):
    answer = post(client, "register", {"email": "no", "name": "", "password": ""})

    assert answer.status_code == 400
    assert answer.data["code"] == "invalid"
    assert set(answer.data["fields"]) == {"email", "name", "password"}


def test_weak_password_error_names_its_field(client):
    answer = post(client, "register", GOOD | {"password": "password12"})

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert set(answer.data["fields"]) == {"password"}
    assert isinstance(answer.data["fields"]["password"], str)


def test_taken_email_is_refused_and_changes_nothing(client, user):
    answer = post(client, "register", GOOD | {"email": "BIA@example.org"})

    assert (answer.status_code, answer.data["code"]) == (400, "invalid")
    assert set(answer.data["fields"]) == {"email"}
    assert User.objects.get(email="bia@example.org").name == "Bia"
    assert sign_in(client, user).status_code == 200


@pytest.mark.proves("S14")
def test_registration_grants_no_privileges(client):
    extra = {"is_staff": True, "is_superuser": True, "is_active": False, "groups": [1], "id": "x"}

    answer = post(client, "register", GOOD | extra)

    user = User.objects.get(id=answer.data["user"]["id"])
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)


def test_access_token_has_the_documented_claims(client, user):
    answer = sign_in(client, user)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert set(answer.data) == {"access", "refresh", "device"}
    claims = jwt.decode(answer.data["access"], options={"verify_signature": False})
    assert claims["user_id"] == str(user.id)
    assert (claims["name"], claims["email"]) == ("Bia", "bia@example.org")


@pytest.mark.proves("S34")
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_all_failed_sign_ins_get_one_answer(client, user, language):
    gone = make_user(is_active=False)
    headers = {"headers": {"Accept-Language": language}}

    answers = [
        sign_in(client, user, "wrong", **headers),
        sign_in(client, gone, **headers),
        post(client, "login", {"email": "unknown@example.org", "password": "wrong"}, **headers),
        post(client, "login", {"email": "not an e-mail", "password": "wrong"}, **headers),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"
    assert answers[0].headers["Content-Language"] == language
    with translation.override(language):
        assert answers[0].data["detail"] == translation.gettext("E-mail or password is wrong.")


def test_failed_sign_in_opens_no_session(client, user):
    sign_in(client, user, "wrong")

    assert not Session.objects.filter(user=user).exists()


def test_refreshing_gives_new_tokens_once(client, user, settings):
    settings.REFRESH_TOKEN_GRACE_SECONDS = 0
    first = sign_in(client, user).data["refresh"]

    second = post(client, "refresh", {"refresh": first})
    again = post(client, "refresh", {"refresh": first})
    family = post(client, "refresh", {"refresh": second.data["refresh"]})

    assert set(second.data) == {"access", "refresh"}
    assert [answer.status_code for answer in (second, again, family)] == [200, 401, 401]
    assert again.data["code"] == "not_authenticated"


def test_refreshing_works_with_a_stale_bearer_token_in_the_header(client, user):
    refresh = sign_in(client, user).data["refresh"]
    client.credentials(HTTP_AUTHORIZATION="Bearer stale")

    assert post(client, "refresh", {"refresh": refresh}).status_code == 200


def test_sign_out_invalidates_all_credentials_of_the_session(user):
    client = signed_in(user)

    assert post(client, "logout", {"refresh": client.tokens.refresh}).status_code == 204
    assert client.get("/api/auth/users/me/").status_code == 401
    assert post(client, "ws-ticket").status_code == 401
    assert post(client, "refresh", {"refresh": client.tokens.refresh}).status_code == 401
    assert post(client, "logout", {"refresh": client.tokens.refresh}).status_code == 204


def test_ticket_belongs_to_the_requesting_session(user):
    client = signed_in(user)

    answer = post(client, "ws-ticket")

    assert answer.status_code == 200
    assert answer.data["expires_in"] == 30
    principal = tickets.redeem_ticket(ticket=answer.data["ticket"])
    assert principal.user_id == user.id


def test_session_cookie_needs_a_csrf_token_to_write(user):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.get("/api/auth/users/me/").data["name"] == "Bia"
    bare = post(client, "ws-ticket")
    assert (bare.status_code, bare.data["code"]) == (403, "forbidden")

    token = client.get("/admin/login/").context["csrf_token"]
    assert post(client, "ws-ticket", headers={"X-CSRFToken": str(token)}).status_code == 200


def test_cookie_of_an_ended_session_is_refused(user):
    client = APIClient()
    client.force_login(user)
    sessions.end_sessions_of(user_id=user.id)

    assert client.get("/api/auth/users/me/").status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a b",
        "Bearer \xff",
        "bearer ..",
        "Bearer " + "x" * 9000,
    ],
)
def test_invalid_bearer_token_answers_401(client, header):
    client.credentials(HTTP_AUTHORIZATION=header)

    answer = client.get("/api/auth/users/me/")

    assert (answer.status_code, answer.data["code"]) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_refresh_token_is_refused_as_bearer_token(user):
    client = signed_in(user)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {client.tokens.refresh}")

    assert client.get("/api/auth/users/me/").status_code == 401


def test_ones_own_profile_shows_the_e_mail_and_can_be_changed(user):
    client = signed_in(user)

    changed = client.patch("/api/auth/users/me/", {"name": " Beatriz ", "language": "EN"})

    assert changed.status_code == 200
    screen_waiting()
    assert client.get("/api/auth/users/me/").data == {
        "id": str(user.id),
        "name": "Beatriz",
        "shown_name": "Beatriz",
        "name_change": None,
        "email": "bia@example.org",
        "language": "en",
        "is_staff": False,
    }


@pytest.mark.proves("S14")
def test_nothing_else_of_a_profile_can_be_changed(user):
    client = signed_in(user)
    before = User.objects.filter(id=user.id).values().get()
    everything = dict.fromkeys(before, True) | {"name": "Beatriz", "email": "x@example.org"}

    client.patch("/api/auth/users/me/", everything | {"language": "pt-br"})
    screen_waiting()

    after = User.objects.filter(id=user.id).values().get()
    assert {name for name in before if before[name] != after[name]} == {
        "name",
        "language_chosen",
    }


@pytest.mark.parametrize(
    "body, field",
    [({"language": "xx"}, "language"), ({"name": "\u3164"}, "name"), ({"name": None}, "name")],
)
def test_invalid_profile_is_refused(user, body, field):
    answer = signed_in(user).patch("/api/auth/users/me/", body)

    assert (answer.status_code, set(answer.data["fields"])) == (400, {field})


def test_user_search_is_paginated(user):
    for number in range(25):
        make_user(name=f"Carlos {number:02}")

    client = signed_in(user)
    first = client.get("/api/auth/users/?search=carlos").data
    second = client.get(first["next"]).data

    assert set(first) == {"count", "next", "previous", "results"}
    assert (first["count"], len(first["results"]), len(second["results"])) == (25, 20, 5)
    assert set(first["results"][0]) == {"id", "name"}
    assert second["next"] is None
    assert client.get("/api/auth/users/?search=carlos&page=9").status_code == 404


@pytest.mark.proves("S35")
def test_e_mails_are_shown_to_their_owner_and_to_permitted_staff_only(user):
    make_user(name="Bianca", email="secret@example.org")

    def found(viewer):
        people = signed_in(viewer).get("/api/auth/users/?search=bia").data["results"]
        return {person["name"]: person.get("email") for person in people}

    assert found(user) == {"Bia": "bia@example.org", "Bianca": None}
    assert found(make_staff("view_user"))["Bianca"] == "secret@example.org"
    assert found(make_staff("view_case"))["Bianca"] is None
    assert found(make_user(is_staff=True))["Bianca"] is None
    assert not signed_in(user).get("/api/auth/users/?search=secret").data["results"]


@pytest.mark.proves("S35")
def test_no_answer_contains_another_users_email(client, user):
    make_user(name="Bianca", email="canary@secret.example")
    mine = signed_in(user)
    answers = [
        mine.get("/api/auth/users/"),
        mine.get("/api/auth/users/?search=canary"),
        mine.get("/api/auth/users/me/"),
        post(client, "login", {"email": "canary@secret.example", "password": "wrong"}),
        post(client, "register", GOOD | {"email": "canary@secret.example"}),
        mine.get("/api/auth/users/?page=canary"),
    ]

    assert not [answer for answer in answers if b"canary" in answer.content]


@pytest.mark.parametrize("path", ["users/", "users/me/", "ws-ticket/", "sessions/"])
def test_every_account_endpoint_requires_credentials(client, path):
    answer = (
        client.post(f"/api/auth/{path}") if "ticket" in path else client.get(f"/api/auth/{path}")
    )

    assert (answer.status_code, answer.data["code"]) == (401, "not_authenticated")


def test_sign_ins_are_limited_per_account(client, user, stranger, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "3/minute"
    for _ in range(3):
        assert sign_in(client, stranger, "wrong").status_code == 401

    refused = sign_in(client, stranger)

    assert (refused.status_code, refused.data["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "1000/minute"
    assert sign_in(client, user).status_code == 200


@pytest.mark.proves("S34")
def test_sign_ins_of_an_unknown_email_are_limited_alike(client, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "3/minute"
    body = {"email": f"{uuid4().hex}@example.org", "password": "wrong"}

    statuses = [post(client, "login", body).status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]


def test_sign_ins_and_registrations_are_limited_per_address(client, settings, network):
    settings.LIMIT_SIGN_IN_PER_ADDRESS = "3/minute"
    here = {"REMOTE_ADDR": f"{network}::7"}
    wrong = {"email": "a@b.example", "password": "x"}
    answers = [
        post(client, "login", wrong, **here),
        post(client, "register", GOOD | {"password": "1"}, **here),
        post(client, "register", GOOD, **here, headers={"X-Forwarded-For": "1.1.1.1"}),
        post(client, "register", GOOD, **here, headers={"X-Forwarded-For": "2.2.2.2"}),
    ]

    assert [answer.status_code for answer in answers] == [401, 400, 201, 429]
    elsewhere = post(client, "login", wrong, REMOTE_ADDR=f"{network}:1::7")
    assert elsewhere.status_code == 401


def test_behind_a_trusted_proxy_each_client_has_its_own_limit(client, settings, network):
    settings.LIMIT_SIGN_IN_PER_ADDRESS = "1/minute"
    settings.TRUSTED_PROXIES = ["198.51.100.0/24"]
    body = {"email": "a@b.example", "password": "x"}

    def from_client(address):
        headers = {"X-Forwarded-For": f"9.9.9.9, {address}"}
        return post(client, "login", body, REMOTE_ADDR="198.51.100.9", headers=headers).status_code

    assert [from_client(f"{network}:1::1"), from_client(f"{network}:1::1")] == [401, 429]
    assert from_client(f"{network}:2::1") == 401


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.mark.proves("S48")
def test_sessions_are_listed_with_their_device(client, user):
    browser = {"headers": {"User-Agent": FIREFOX + "\x1b[31m" + "x" * 500}}
    tokens = sign_in(client, user, **browser).data
    sessions.open_session(user=user, user_agent="my-bot/1.0 (+https://bot.example)")
    sessions.open_session(user=make_user())
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")

    found = client.get("/api/auth/sessions/").data["results"]

    assert {(one["device"], one["current"]) for one in found} == {
        ("Firefox, Linux", True),
        ("my-bot", False),
    }
    assert set(found[0]) == {
        "id",
        "device",
        "user_agent",
        "created_at",
        "used_at",
        "expires_at",
        "current",
    }
    assert all(len(one["user_agent"]) <= 200 for one in found)
    assert not any("\x1b" in one["user_agent"] for one in found)


@pytest.mark.proves("S48")
def test_one_session_is_signed_out(user):
    mine, other = signed_in(user), signed_in(user)
    listed = mine.get("/api/auth/sessions/").data["results"]
    (theirs,) = [one["id"] for one in listed if not one["current"]]

    assert mine.delete(f"/api/auth/sessions/{theirs}/").status_code == 204

    assert other.get("/api/auth/users/me/").status_code == 401
    assert mine.get("/api/auth/users/me/").status_code == 200
    assert mine.delete(f"/api/auth/sessions/{theirs}/").status_code == 404


@pytest.mark.proves("S48")
def test_session_of_another_user_is_not_found(user):
    other = make_user()
    session = sessions.open_session(user=other)

    answer = signed_in(user).delete(f"/api/auth/sessions/{session.id}/")

    assert (answer.status_code, answer.data["code"]) == (404, "not_found")
    session.refresh_from_db()
    assert session.ended_at is None


@pytest.mark.proves("S48")
def test_signing_out_everywhere_else_keeps_this_session(user):
    mine, others = signed_in(user), [signed_in(user) for _ in range(3)]

    assert mine.post("/api/auth/sessions/end-others/").data == {"ended": 3}

    assert {other.get("/api/auth/users/me/").status_code for other in others} == {401}
    assert {post(other, "ws-ticket").status_code for other in others} == {401}
    assert mine.get("/api/auth/users/me/").status_code == 200


@pytest.mark.proves("S48")
def test_new_password_keeps_this_session_and_ends_the_others(client, user):
    mine, other = signed_in(user), signed_in(user)
    body = {"current_password": PASSWORD, "new_password": "outra frase bem longa"}

    assert post(mine, "password", body).status_code == 204

    assert mine.get("/api/auth/users/me/").status_code == 200
    assert post(mine, "refresh", {"refresh": mine.tokens.refresh}).status_code == 200
    assert other.get("/api/auth/users/me/").status_code == 401
    assert sign_in(client, user).status_code == 401
    assert sign_in(client, user, "outra frase bem longa").status_code == 200


@pytest.mark.proves("S48")
@pytest.mark.parametrize(
    "change, field",
    [
        ({"current_password": "wrong"}, "current_password"),
        ({"new_password": "password12"}, "new_password"),
        ({"new_password": "bia@example.org"}, "new_password"),
        ({"new_password": PASSWORD}, "new_password"),
        ({"new_password": ""}, "new_password"),
        ({"current_password": None}, "current_password"),
    ],
)
def test_refused_password_change_names_the_field_and_ends_nothing(client, user, change, field):
    mine, other = signed_in(user), signed_in(user)
    body = {"current_password": PASSWORD, "new_password": "outra frase bem longa"} | change

    answer = post(mine, "password", body)

    assert (answer.status_code, set(answer.data["fields"])) == (400, {field})
    assert other.get("/api/auth/users/me/").status_code == 200
    assert sign_in(client, user).status_code == 200


@pytest.mark.proves("S48")
def test_page_stays_signed_in_after_its_password_change(user):
    browser, other = Client(), Client()
    for one in (browser, other):
        one.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    body = {"current_password": PASSWORD, "new_password": "outra frase bem longa"}

    answer = browser.post("/api/auth/password/", body, content_type="application/json")

    assert answer.status_code == 204
    assert browser.get("/").status_code == 200
    assert other.get("/").status_code == 302


@pytest.mark.proves("S28")
def test_tokens_and_passwords_are_not_logged(client, user, capfd, caplog):
    tokens = sign_in(client, user).data
    sign_in(client, user, "a-wrong-canary")
    post(client, "refresh", {"refresh": tokens["refresh"]})
    post(client, "refresh", {"refresh": tokens["refresh"]})

    output = "".join(capfd.readouterr()) + caplog.text
    for secret in (tokens["access"], tokens["refresh"], PASSWORD, "a-wrong-canary", user.email):
        assert secret not in output


def test_errors_are_described_for_every_operation_of_the_document():
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415  (slow to import)

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    ours = {path: methods for path, methods in paths.items() if path.startswith("/api/auth/")}

    assert len(ours) == 13
    for methods in ours.values():
        for operation in methods.values():
            error = operation["responses"]["default"]["content"]["application/json"]
            assert error["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
    assert not re.search("moderado[.]", json.dumps(ours))
