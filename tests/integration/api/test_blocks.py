"""The persons whom a member blocks, by REST."""

import pytest

from tests.factories import make_user

pytestmark = pytest.mark.django_db

BLOCKS = "/api/me/blocks/"


def test_member_blocks_lists_and_unblocks(signed_in):
    ana, bia = make_user(name="Ana"), make_user(name="Bia")
    client = signed_in(ana)

    first = client.post(BLOCKS, {"user": bia.id}, format="json")
    again = client.post(BLOCKS, {"user": bia.id}, format="json")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["user"] == {"id": str(bia.id), "name": "Bia"}
    assert first.json() == again.json() == client.get(BLOCKS).json()["results"][0]
    assert signed_in(bia).get(BLOCKS).json()["results"] == []
    assert client.get("/api/auth/users/", {"search": "Bia"}).json()["results"] == []
    assert signed_in(bia).get("/api/auth/users/", {"search": "Ana"}).json()["results"] == []
    assert client.delete(f"{BLOCKS}{bia.id}/").status_code == 204
    assert client.get(BLOCKS).json()["results"] == []
    client.post(BLOCKS, {"user": bia.id}, format="json")
    assert client.delete(f"{BLOCKS}?user={bia.id}").status_code == 204
    assert client.delete(BLOCKS, {"user": bia.id}, format="json").status_code == 204
    assert client.get(BLOCKS).json()["results"] == []


def test_unknown_person_answers_404(signed_in):
    answer = signed_in(make_user()).post(
        BLOCKS, {"user": "0197b1a0-0000-7000-8000-000000000002"}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
