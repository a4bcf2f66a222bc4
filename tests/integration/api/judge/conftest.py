"""Clients of the judge with keys of their own."""

import pytest
from rest_framework.test import APIClient

from moderado.accounts.services.api_keys import create_api_key


@pytest.fixture
def make_judge(db):
    """Return a client with a new key of the given scopes; it has the key as `key`."""

    def make_judge(*scopes):
        made = create_api_key(name="forum", scopes=scopes or ("judge",), actor_id=None)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {made.key}")
        client.made = made
        return client

    return make_judge


@pytest.fixture
def judge(make_judge):
    return make_judge()
