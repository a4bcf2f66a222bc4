"""Pages of sign-in, registration, sign-out and language, with Django's test client."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from moderado.accounts.models import Session, User
from moderado.accounts.receivers import SESSION_KEY
from moderado.accounts.services import accounts
from moderado.core.errors import Unavailable
from moderado.moderation.services.subject_screening import screen_waiting
from tests.factories import make_user

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


def test_chat_redirects_anonymous_users_to_sign_in(browser: Client) -> None:
    assert browser.get("/").headers["Location"] == "/sign-in/?next=/"


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/register/"])
def test_head_request_has_the_status_of_get(browser: Client, path: str) -> None:
    assert browser.head(path).status_code == browser.get(path).status_code


def test_sign_in_creates_a_session_and_opens_the_chat(browser: Client, ana: User) -> None:
    answer = sign_in(browser)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    session = Session.objects.get(id=browser.session[SESSION_KEY])
    assert session.user_id == ana.id
    page = browser.get("/")
    assert page.context["request"].user == ana
    assert f'data-user-id="{ana.id}"' in page.content.decode()
    assert 'data-user-name="Ana"' in page.content.decode()  # the own name, not yet judged


@pytest.mark.proves("R208")
def test_page_offers_the_modes_that_the_user_may_choose(
    browser: Client, ana: User, settings: Any
) -> None:
    settings.MEMBER_ROOM_MODES = ["post", "pre"]
    settings.ENV = settings.ENV.model_copy(update={"default_private_room_mode": "optimistic"})
    sign_in(browser)
    page = browser.get("/").content.decode()
    assert 'data-modes="pre,post" data-public-mode="pre" data-private-mode="optimistic"' in page
    User.objects.update(is_staff=True)
    assert 'data-modes="pre,optimistic,post,off"' in browser.get("/").content.decode()


def test_page_links_staff_to_the_admin(browser: Client, ana: User) -> None:
    sign_in(browser)
    assert 'data-admin=""' in browser.get("/").content.decode()
    User.objects.update(is_staff=True)
    assert 'data-admin="/admin/"' in browser.get("/").content.decode()


def test_page_uses_the_chosen_language_of_the_account(browser: Client, ana: User) -> None:
    accounts.update_profile(user_id=ana.id, language="en")
    sign_in(browser)
    assert '<html lang="en">' in browser.get("/").content.decode()


@pytest.mark.proves("S34")
@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_wrong_password_and_unknown_account_get_the_same_response(
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
def test_next_url_must_be_on_this_site(browser: Client, ana: User, wanted: str, given: str) -> None:
    assert sign_in(browser, next=wanted).headers["Location"] == given


def test_rate_limited_sign_in_gets_429_with_retry_after(browser: Client, settings) -> None:
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "1/minute"
    sign_in(browser, email="slow@example.com")
    answer = sign_in(browser, email="slow@example.com")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1


def busy(**_: object) -> None:
    raise Unavailable


@pytest.mark.proves("S46")
@pytest.mark.parametrize("path", ["/sign-in/", "/register/", "/admin/login/"])
def test_busy_server_says_when_to_try_again(browser: Client, monkeypatch, path: str) -> None:
    monkeypatch.setattr("moderado.web.views.verify", busy)
    monkeypatch.setattr("moderado.web.views.accounts.register", busy)
    monkeypatch.setattr("moderado.accounts.backends.sign_in.verify", busy)
    form = {"email": "a@example.com", "username": "a@example.com", "name": "Bia"}
    answer = browser.post(path, form | {"password": PASSWORD})
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1


def test_registration_signs_in_with_the_browser_language(browser: Client) -> None:
    form = {"name": "Bia", "email": "Bia@Example.com", "password": PASSWORD}
    answer = browser.post(reverse("web:register"), form)
    assert answer.headers["Location"] == "/"
    screen_waiting()
    user = User.objects.get(email="bia@example.com")
    assert (user.name, user.language) == ("Bia", "pt-br")
    assert browser.get("/").status_code == 200


@pytest.mark.proves("R232")
@pytest.mark.parametrize(("is_chosen", "stored"), [(False, "en"), (True, "pt-br")])
def test_chat_page_stores_the_language_of_the_device(
    browser: Client, ana: User, is_chosen: bool, stored: str
) -> None:
    sign_in(browser)
    User.objects.update(language="pt-br", language_chosen=is_chosen)
    browser.get("/", headers={"accept-language": "en-US"})
    ana.refresh_from_db()
    assert (ana.language, ana.language_chosen) == (stored, is_chosen)


@pytest.mark.proves("R232")
def test_chat_page_in_the_stored_language_writes_nothing(browser: Client, ana: User) -> None:
    sign_in(browser)
    with CaptureQueriesContext(connection) as asked:
        browser.get("/")
    assert not [each for each in asked if each["sql"].startswith('UPDATE "accounts_user"')]


def test_errors_are_shown_at_their_fields(browser: Client, ana: User) -> None:
    form = {"name": " \u200b ", "email": "ana@example.com", "password": "short"}
    answer = browser.post(reverse("web:register"), form)
    assert answer.status_code == 422
    assert {"name", "password"} <= set(answer.context["form"].errors)
    page = answer.content.decode()
    assert 'aria-describedby="error-password"' in page
    assert 'id="error-password"' in page


def test_errors_of_a_field_are_a_list_and_the_first_faulty_field_has_the_focus(
    browser: Client,
) -> None:
    form = {"name": "Bia", "email": "bia@example.com", "password": "123"}
    answer = browser.post(reverse("web:register"), form)
    errors = answer.context["form"].errors["password"]
    page = answer.content.decode()
    assert len(errors) > 1
    assert all(f"<li>{each}</li>" in page for each in errors)
    assert page.count('id="error-password"') == 1
    assert [field.split('"')[0] for field in page.split('name="') if "autofocus" in field] == [
        "password"
    ]


def test_taken_email_is_an_error_of_its_field(browser: Client, ana: User) -> None:
    form = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    answer = browser.post(reverse("web:register"), form)
    assert set(answer.context["form"].errors) == {"email"}


def test_sign_out_ends_the_session(browser: Client, ana: User) -> None:
    sign_in(browser)
    session_id = browser.session[SESSION_KEY]
    assert browser.post(reverse("web:sign-out")).headers["Location"] == "/sign-in/"
    assert Session.objects.get(id=session_id).ended_at is not None
    assert browser.get("/").status_code == 302


def test_session_ended_elsewhere_is_signed_out(browser: Client, ana: User) -> None:
    sign_in(browser)
    accounts.deactivate(user_id=ana.id)
    assert browser.get("/").headers["Location"] == "/sign-in/?next=/"


def test_language_is_stored_for_browser_and_account(browser: Client, ana: User) -> None:
    sign_in(browser)
    browser.post(reverse("web:language"), {"language": "pt-br", "next": "/"})
    ana.refresh_from_db()
    assert ana.language == "pt-br"
    assert '<html lang="pt-br">' in browser.get("/").content.decode()


def test_anonymous_user_can_choose_a_language(browser: Client) -> None:
    browser.post(reverse("web:language"), {"language": "en", "next": "/sign-in/"})
    assert '<html lang="en">' in browser.get("/sign-in/").content.decode()


@pytest.mark.parametrize("name", ["web:sign-in", "web:register", "web:sign-out", "web:language"])
def test_forms_require_a_csrf_token(name: str) -> None:
    assert Client(enforce_csrf_checks=True).post(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["web:sign-out", "web:language"])
def test_state_changing_urls_refuse_get(browser: Client, name: str) -> None:
    assert browser.get(reverse(name)).status_code == 405


@pytest.mark.parametrize("path", ["/sign-in/", "/register/", "/"])
def test_pages_allow_only_own_scripts(browser: Client, path: str) -> None:
    policy = browser.get(path).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_admin_shows_the_product_name(browser: Client) -> None:
    page = browser.get("/admin/login/").content.decode()
    assert "Chat Moderado" in page
    assert "Django" not in page


def test_admin_says_why_it_does_not_open(browser: Client, ana: User) -> None:
    refusal = "Esta conta não tem acesso à administração."
    assert refusal not in browser.get("/admin/login/").content.decode()
    sign_in(browser)

    page = browser.get("/admin/", follow=True).content.decode()

    assert "ana@example.com" in page
    assert refusal in page


def test_pages_of_the_admin_have_one_main_landmark(browser: Client, ana: User) -> None:
    pages = (
        ["/admin/login/"],
        ["/admin/", "/admin/chat/room/", f"/admin/accounts/user/{ana.pk}/change/"],
    )
    for paths in pages:
        for path in paths:
            page = browser.get(path).content.decode()
            assert page.count("<main") == page.count("</main>") == page.count("<h1") == 1, path
            content = page.partition("<main")[2].partition("</main>")[0]
            assert ('id="content"' in content) == (path != "/admin/login/")
        browser.force_login(make_user(is_staff=True, is_superuser=True))


def test_request_to_another_host_is_refused_in_both_languages(browser: Client) -> None:
    answer = browser.get("/", headers={"host": "evil.example"})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert page.count("<main>") == page.count("<h1>") == 1
    assert "não é deste servidor" in page
    assert '<div lang="en">' in page


def test_admin_has_a_relaxed_policy(browser: Client) -> None:
    policy = browser.get("/admin/login/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval'" in policy
    assert "default-src 'self'" in policy


def test_pages_are_not_cached(browser: Client, ana: User) -> None:
    sign_in(browser)
    assert "no-store" in browser.get("/").headers["Cache-Control"]
