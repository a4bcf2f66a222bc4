"""The account page: password and sessions."""

import pytest
from django.test import Client

from moderado.accounts.models import Session
from moderado.accounts.services import sessions
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S48")]

NEW = "outra frase bem longa"


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def browser(user):
    return signed_in(user)


def signed_in(user):
    client = Client()
    client.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    return client


def test_page_lists_the_sessions(browser, user):
    sessions.open_session(user=user, user_agent="<b>bot</b>/1.0")
    sessions.open_session(user=user, user_agent="Mozilla/5.0 (Android 14) Firefox/128.0")

    page = browser.get("/account/").content.decode()

    assert "Firefox, Android" in page
    assert "<b>bot" not in page
    assert page.count('name="session"') == 2


def test_new_password_keeps_this_browser_signed_in_only(browser, user):
    other = signed_in(user)

    answer = browser.post("/account/", {"current_password": PASSWORD, "new_password": NEW})

    assert answer.status_code == 302
    shown = browser.get("/account/")
    assert shown.status_code == 200
    assert 'class="form-done"' in shown.content.decode()
    assert other.get("/account/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


@pytest.mark.parametrize(
    "current, new, field",
    [("wrong", NEW, "current_password"), (PASSWORD, "flamengo2024", "new_password")],
)
def test_refused_password_is_explained_at_its_field(browser, user, current, new, field):
    answer = browser.post("/account/", {"current_password": current, "new_password": new})

    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_guesses_of_the_current_password_are_limited(browser, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "2/minute"
    form = {"current_password": "wrong", "new_password": NEW}

    statuses = [browser.post("/account/", form).status_code for _ in range(3)]

    assert statuses == [422, 422, 429]


def test_one_session_or_all_others_are_signed_out(browser, user):
    first, second, third = (signed_in(user) for _ in range(3))
    one = Session.objects.filter(user=user).order_by("created_at")[1]

    browser.post("/account/", {"session": str(one.id)})
    assert [c.get("/account/").status_code for c in (first, second, third)] == [302, 200, 200]

    browser.post("/account/", {"others": "1"})
    assert [c.get("/account/").status_code for c in (second, third)] == [302, 302]
    assert browser.get("/account/").status_code == 200


@pytest.mark.parametrize("session", ["", "x", "{foreign}"])
def test_session_of_another_user_is_not_ended(browser, session):
    foreign = sessions.open_session(user=make_user())

    browser.post("/account/", {"session": session.format(foreign=foreign.id)})

    foreign.refresh_from_db()
    assert foreign.ended_at is None
