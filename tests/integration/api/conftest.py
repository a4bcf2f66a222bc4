"""Fixtures of the REST tests."""

import pytest
from rest_framework.test import APIClient

from moderado.accounts.services import sessions


@pytest.fixture
def signed_in():
    """A client with an access token of this user."""

    def signed_in(user):
        client = APIClient()
        tokens = sessions.tokens_of(session=sessions.open_session(user=user))
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access}")
        return client

    return signed_in
