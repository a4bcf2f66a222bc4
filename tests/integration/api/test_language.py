"""The language of answers: profile, then the request, then the last sign-in, then the default."""

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from moderado.accounts.models import User
from moderado.accounts.services import accounts
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

LOGIN, ME = "/api/auth/login/", "/api/auth/users/me/"
NOTHING = "/api/chat/rooms/0199a6d2-11f0-7b52-9c44-7d1e52a90c11/"
LANGUAGES = {"There": "en", "Esta": "pt-br", "Isto": "pt-br"}


def signed_in(user, **headers):
    client = APIClient()
    tokens = client.post(LOGIN, {"email": user.email, "password": PASSWORD}, headers=headers).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    return client


def language_of(answer):
    return LANGUAGES[answer.json()["detail"].split()[0]]


@pytest.mark.parametrize("chosen, asked", [("en", "pt-BR"), ("pt-br", "en")])
def test_chosen_language_comes_before_the_request(chosen, asked):
    user = make_user()
    accounts.update_profile(user_id=user.id, language=chosen)

    answer = signed_in(user).get(NOTHING, headers={"Accept-Language": asked})

    assert language_of(answer) == chosen


@pytest.mark.parametrize(
    "asked, got", [("en", "en"), ("pt-BR,en;q=0.5", "pt-br"), ("fr, en", "en")]
)
def test_request_comes_before_the_language_of_the_last_sign_in(asked, got):
    client = signed_in(make_user(), **{"Accept-Language": "pt-br" if got == "en" else "en"})

    assert language_of(client.get(NOTHING, headers={"Accept-Language": asked})) == got


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("asked", [{}, {"Accept-Language": "fr"}, {"Accept-Language": "*"}])
def test_request_without_a_language_gets_that_of_the_last_sign_in(language, asked):
    client = signed_in(make_user(), **{"Accept-Language": language})

    assert language_of(client.get(NOTHING, headers=asked)) == language


def test_request_without_an_account_gets_the_default():
    nothing = "/api/nothing/"

    assert language_of(APIClient().get(nothing)) == settings.LANGUAGE_CODE
    assert language_of(APIClient().get(nothing, headers={"Accept-Language": "en"})) == "en"


def test_sign_in_without_a_language_keeps_that_of_the_account():
    user = make_user(language="en")

    signed_in(user)

    user.refresh_from_db()
    assert (user.language, user.language_chosen) == ("en", False)


def test_choice_in_the_profile_stays_at_the_next_sign_in():
    user = make_user()
    signed_in(user).patch(ME, {"language": "en"})

    signed_in(user, **{"Accept-Language": "pt-BR"})

    assert User.objects.get().language == "en"


@pytest.mark.parametrize("language, heading", [("en", "Sign in"), ("pt-BR", "Entrar")])
def test_anonymous_pages_follow_the_browser(client, language, heading):
    page = client.get("/", headers={"Accept-Language": language}, follow=True)

    assert heading in page.content.decode()


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_pages_of_an_account_that_chose_nothing_follow_the_browser(client, language):
    user = make_user(language="pt-br" if language == "en" else "en")
    headers = {"Accept-Language": language}

    client.post("/sign-in/", {"email": user.email, "password": PASSWORD}, headers=headers)
    page = client.get("/", headers=headers, follow=True)

    assert f'lang="{language}"' in page.content.decode().lower()
    user.refresh_from_db()
    assert user.language == language
