"""The public page for notices, without an account and without JavaScript."""

import re

import pytest
from django.core import mail
from django.test import Client

from moderado.enforcement.models import Notice
from moderado.enforcement.services.notice_mails import send_mails
from tests.factories import make_message

pytestmark = pytest.mark.django_db

GIVEN = {
    "name": "Bia", "email": "bia@example.org", "role": "victim", "category": "hate", "text": "-",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "heading"), [("pt-br", "Denúncia de conteúdo"), ("en", "Notice of content")]
)
def test_page_is_public_in_both_languages_and_unlisted(language, heading):
    answer = Client(headers={"accept-language": language}).get("/denuncia/")
    page = answer.content.decode()

    assert (answer.status_code, heading in page) == (200, True)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert 'name="robots" content="noindex' in page
    for name in GIVEN:
        assert f'<label for="id_{name}">' in page


def test_notice_is_given_confirmed_and_followed_without_javascript():
    client = Client()
    message = make_message(status="APPROVED", seq=1)
    sent = client.post("/denuncia/", {**GIVEN, "subject": str(message.id)})
    page = sent.headers["Location"]
    send_mails()
    code = re.search(r": ([0-9A-Z]{4}-[0-9A-Z]{4})$", mail.outbox[-1].body, re.MULTILINE)[1]
    assert page in mail.outbox[-1].body

    assert client.post(page, {"code": "0000-0000"}).status_code == 403
    answer = client.post(page, {"code": code})
    assert (answer.status_code, str(message.id) in answer.content.decode()) == (200, True)
    assert Notice.objects.get().state == "open"
    protocol = page.split("/")[2]
    assert client.get("/denuncia/", {"protocol": protocol.lower()}).headers["Location"] == page
    assert protocol in client.get(page).content.decode()


def test_errors_are_shown_in_the_form():
    answer = Client().post("/denuncia/", {**GIVEN, "subject": "x", "name": ""})
    assert (answer.status_code, "15.211" in answer.content.decode()) == (400, True)
    answer = Client().post("/denuncia/", {**GIVEN, "subject": "x", "email": "bia"})
    assert (answer.status_code, 'id="error-email"' in answer.content.decode()) == (422, True)
    assert Client().post("/denuncia/", {}).status_code == 422
    assert not Notice.objects.exists()


def test_form_needs_a_csrf_token():
    assert Client(enforce_csrf_checks=True).post("/denuncia/", GIVEN).status_code == 403


@pytest.mark.proves("R192")
def test_form_that_is_sent_twice_gives_one_notice():
    client, given = Client(), {**GIVEN, "subject": "x"}
    page = client.get("/denuncia/").content.decode()
    form_id = re.search(r'type="hidden" name="form_id" value="([0-9a-f-]{36})"', page)[1]
    assert form_id not in client.get("/denuncia/").content.decode()

    def send(**other):
        return client.post("/denuncia/", given | {"form_id": form_id} | other)

    refused = send(email="bia").content.decode()
    assert f'value="{form_id}"' in refused  # the corrected form is the same one
    first = send()
    assert send().headers["Location"] == first.headers["Location"]
    assert Notice.objects.count() == 1
    send(subject="y")  # after the button "back"
    assert Notice.objects.count() == 2
    for unusable in ("", "x", "0" * 5_000):
        assert send(form_id=unusable).status_code == 302
