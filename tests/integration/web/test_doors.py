"""Sign-in, registration, sign-out and language, as Django's test client sees them."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from moderado.accounts.models import Session, User
from moderado.accounts.receivers import SESSION_KEY
from moderado.accounts.services import accounts

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse 9 battery"


@pytest.fixture
def ana() -> User:
    return accounts.register(email="ana@example.com", name="Ana", password=PASSWORD, language="en")


@pytest.fixture
def browser() -> Client:
    return Client(headers={"accept-language": "pt-BR"})


def sign_in(browser: Client, password: str = PASSWORD, **fields: str):
    form = {"email": "ana@example.com", "password": password} | fields
    return browser.post(reverse("web:sign-in"), form)


def test_the_chat_asks_strangers_to_sign_in(browser: Client) -> None:
    assert browser.get("/").headers["Location"] == "/sign-in/?next=/"


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/register/"])
def test_a_page_tells_its_head_to_who_asks_for_no_more(browser: Client, path: str) -> None:
    assert browser.head(path).status_code == browser.get(path).status_code


def test_who_signs_in_gets_the_chat_and_a_session(browser: Client, ana: User) -> None:
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    session = Session.objects.get(id=browser.session[SESSION_KEY])
    assert session.user_id == ana.id
    page = browser.get("/")
    assert page.context["request"].user == ana
    assert f'data-user-id="{ana.id}"' in page.content.decode()


def test_the_page_speaks_the_language_of_the_account(browser: Client, ana: User) -> None:
    sign_in(browser)
    assert '<html lang="en">' in browser.get("/").content.decode()


@pytest.mark.proves("S34")
@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(
    browser: Client, ana: User, email: str
) -> None:
    answer = sign_in(browser, "wrong password 1", email=email)
    assert answer.status_code == 422
    with translation.override("pt-br"):
        assert answer.context["form"].non_field_errors()
    assert SESSION_KEY not in browser.session
    assert "wrong password 1" not in answer.content.decode()


@pytest.mark.proves("S39")
@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/admin/", "/admin/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_the_way_onward_stays_on_this_site(
    browser: Client, ana: User, wanted: str, given: str
) -> None:
    assert sign_in(browser, next=wanted).headers["Location"] == given


def test_too_many_attempts_are_told_to_wait(browser: Client, settings) -> None:
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "1/minute"
    sign_in(browser, email="slow@example.com")
    answer = sign_in(browser, email="slow@example.com")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def test_who_registers_is_signed_in_in_their_language(browser: Client) -> None:
    form = {"name": "Bia", "email": "Bia@Example.com", "password": PASSWORD}
    answer = browser.post(reverse("web:register"), form)
    assert answer.headers["Location"] == "/"
    user = User.objects.get(email="bia@example.com")
    assert (user.name, user.language) == ("Bia", "pt-br")
    assert browser.get("/").status_code == 200


def test_each_mistake_stands_beside_its_field(browser: Client, ana: User) -> None:
    form = {"name": " \u200b ", "email": "ana@example.com", "password": "short"}
    answer = browser.post(reverse("web:register"), form)
    assert answer.status_code == 422
    assert {"name", "password"} <= set(answer.context["form"].errors)
    page = answer.content.decode()
    assert 'aria-describedby="error-password"' in page
    assert 'id="error-password"' in page


def test_a_taken_e_mail_is_told(browser: Client, ana: User) -> None:
    form = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    answer = browser.post(reverse("web:register"), form)
    assert set(answer.context["form"].errors) == {"email"}


def test_signing_out_ends_the_session(browser: Client, ana: User) -> None:
    sign_in(browser)
    session_id = browser.session[SESSION_KEY]
    assert browser.post(reverse("web:sign-out")).headers["Location"] == "/sign-in/"
    assert Session.objects.get(id=session_id).ended_at is not None
    assert browser.get("/").status_code == 302


def test_a_session_that_was_ended_elsewhere_is_signed_out_here(browser: Client, ana: User) -> None:
    sign_in(browser)
    accounts.deactivate(user_id=ana.id)
    assert browser.get("/").headers["Location"] == "/sign-in/?next=/"


def test_the_language_is_kept_for_the_browser_and_the_account(browser: Client, ana: User) -> None:
    sign_in(browser)
    browser.post(reverse("web:language"), {"language": "pt-br", "next": "/"})
    ana.refresh_from_db()
    assert ana.language == "pt-br"
    assert '<html lang="pt-br">' in browser.get("/").content.decode()


def test_a_stranger_may_choose_a_language_too(browser: Client) -> None:
    browser.post(reverse("web:language"), {"language": "en", "next": "/sign-in/"})
    assert '<html lang="en">' in browser.get("/sign-in/").content.decode()


@pytest.mark.parametrize("name", ["web:sign-in", "web:register", "web:sign-out", "web:language"])
def test_no_form_is_taken_without_its_token(name: str) -> None:
    assert Client(enforce_csrf_checks=True).post(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["web:sign-out", "web:language"])
def test_nothing_is_changed_by_a_mere_link(browser: Client, name: str) -> None:
    assert browser.get(reverse(name)).status_code == 405


@pytest.mark.parametrize("path", ["/sign-in/", "/register/", "/"])
def test_the_pages_run_no_script_but_their_own(browser: Client, path: str) -> None:
    policy = browser.get(path).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_admin_says_whose_it_is(browser: Client) -> None:
    page = browser.get("/admin/login/").content.decode()
    assert "Chat Moderado" in page
    assert "Django" not in page


def test_only_the_admin_s_policy_is_looser(browser: Client) -> None:
    policy = browser.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy
    assert "default-src 'self'" in policy


def test_the_pages_are_kept_in_no_cache(browser: Client, ana: User) -> None:
    sign_in(browser)
    assert "no-store" in browser.get("/").headers["Cache-Control"]
