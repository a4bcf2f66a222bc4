"""A page's sign-in ends with its session, for synchronous and asynchronous access."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from moderado.accounts.middleware import AuthenticationMiddleware
from moderado.accounts.services import sessions
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of(client):
    def _request_of(user):
        client.force_login(user)
        request = RequestFactory().get("/")
        request.session = SessionStore(client.session.session_key)
        AuthenticationMiddleware(lambda _: None).process_request(request)
        return request

    return _request_of


def test_signed_in_user_is_known(request_of):
    user = make_user()

    assert request_of(user).user == user


def test_cookie_of_an_ended_session_is_anonymous(request_of):
    user = make_user()
    request = request_of(user)
    sessions.end_sessions_of(user_id=user.id)

    assert request.user == AnonymousUser()
    assert request.session.is_empty()


@pytest.mark.django_db(transaction=True)
async def test_async_access_gives_the_same_user(request_of):
    user = await sync_to_async(make_user)()
    request = await sync_to_async(request_of)(user)
    assert await request.auser() == user

    await sync_to_async(sessions.end_sessions_of)(user_id=user.id)

    assert await request.auser() == AnonymousUser()
