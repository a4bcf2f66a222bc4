"""Register, sign in, stay in, sign out: as a client of the contract sees it."""

import pytest
from rest_framework.test import APIClient

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return APIClient()


def register(client, **changes):
    body = {"email": "Ana@Example.org", "name": " Ana ", "password": "uma frase bem longa"}
    return client.post("/api/auth/register/", body | changes)


def sign_in(client, user, password=PASSWORD):
    return client.post("/api/auth/login/", {"email": user.email, "password": password})


def bearer(client, access):
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client


def test_registering_makes_an_account_and_signs_in_to_it(client):
    answer = register(client)

    assert answer.status_code == 201
    assert answer.data["user"]["name"] == "Ana"
    assert answer.data["user"]["email"] == "ana@example.org"
    me = bearer(client, answer.data["tokens"]["access"]).get("/api/auth/users/me/")
    assert me.data["id"] == answer.data["user"]["id"]


def test_signing_in_gives_both_tokens(client):
    answer = sign_in(client, make_user())

    assert answer.status_code == 200
    assert set(answer.data) == {"access", "refresh"}
