"""Who is banned from the server reads why, and appeals, on the page of the refused sign-in."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from moderado.enforcement.models import Appeal, Sanction
from moderado.enforcement.services.sanctions import apply_sanction
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def banned():
    user = make_user()
    with transaction.atomic():
        apply_sanction(
            actor_id=None,
            user_id=user.id,
            kind="ban",
            scope_id=None,
            term=timedelta(days=7),
            reason="hate",
        )
    return user


def refused(user):
    """Return the client and the token of the page that refuses the sign-in."""
    client = Client(headers={"Accept-Language": "en"})
    page = client.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    text = page.content.decode()
    assert page.status_code == 403
    assert "A moderator has banned you." in text
    assert "You can appeal until" in text
    assert "no-store" in page["Cache-Control"]
    return client, re.search(r'name="token" value="([^"]+)"', text)[1]


def test_banned_person_appeals_on_the_page(banned):
    client, token = refused(banned)
    empty = client.post("/appeal/", {"token": token, "text": " "})
    assert (empty.status_code, token in empty.content.decode()) == (422, True)
    sent = client.post("/appeal/", {"token": token, "text": "Foi engano."})

    assert sent.status_code == 200
    assert "Your appeal was received" in sent.content.decode()
    assert Appeal.objects.get().text == "Foi engano."
    again = client.post("/appeal/", {"token": token, "text": "Mesmo!"})
    assert (again.status_code, "already" in again.content.decode()) == (409, True)


def test_appeal_without_a_valid_token_leads_to_the_sign_in(banned):
    client, token = refused(banned)
    Sanction.objects.all().delete()
    for given in ("nonsense", token):
        answer = client.post("/appeal/", {"token": given, "text": "Foi engano."})
        assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert not Appeal.objects.exists()
