"""Who is banned from the server reads why, and appeals, on the page of the refused sign-in."""

import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from moderado.enforcement.models import Appeal, Sanction
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import AppealOutcome, AppealState
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
    assert "To be decided until" in again.content.decode()


def told(outcome):
    """Decide the one appeal, and tell its appellant."""
    Appeal.objects.update(
        state=AppealState.DECIDED,
        outcome=outcome,
        public_note="Lemos tudo de novo.",
        decided_at=timezone.now(),
        told_at=timezone.now(),
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("upheld", "Decided on", "the decision stands")),
        ("pt-BR", ("confirmada", "Decidida em", "a decisão foi mantida")),
    ],
)
def test_banned_person_reads_what_became_of_the_appeal(banned, language, words):
    client, token = refused(banned)
    client.post("/appeal/", {"token": token, "text": "Foi engano."})
    told(AppealOutcome.UPHELD)
    other = Client(headers={"Accept-Language": language})
    signing_in = other.post("/sign-in/", {"email": banned.email, "password": PASSWORD})
    asking = other.post("/appeal/", {"token": token})

    assert (signing_in.status_code, asking.status_code) == (403, 200)
    for page in (signing_in.content.decode(), asking.content.decode()):
        for word in (*words, "Lemos tudo de novo."):
            assert word in page
        assert 'name="text"' not in page


def test_outcome_is_not_shown_before_it_is_final(banned):
    client, token = refused(banned)
    client.post("/appeal/", {"token": token, "text": "Foi engano."})
    told(AppealOutcome.UPHELD)
    Appeal.objects.update(told_at=None)
    page = client.post("/appeal/", {"token": token}).content.decode()

    assert "Lemos tudo" not in page
    assert "Decided on" not in page
    assert "To be decided until" in page


def test_person_who_signs_in_again_reads_that_the_ban_was_overturned(banned):
    client, token = refused(banned)
    client.post("/appeal/", {"token": token, "text": "Foi engano."})
    told(AppealOutcome.OVERTURNED)
    Sanction.objects.update(lifted_at=timezone.now())
    client.force_login(banned)
    page = client.get("/appeal/").content.decode()

    assert "overturned" in page
    assert "Lemos tudo de novo." in page
    client.force_login(make_user())
    assert "You have not appealed any decision." in client.get("/appeal/").content.decode()


def test_appeal_without_a_valid_token_leads_to_the_sign_in(banned):
    client, token = refused(banned)
    Sanction.objects.all().delete()
    for given in ("nonsense", token):
        answer = client.post("/appeal/", {"token": given, "text": "Foi engano."})
        assert (answer.status_code, answer["Location"]) == (302, "/sign-in/")
    assert not Appeal.objects.exists()
