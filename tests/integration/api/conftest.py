"""Fixtures of the REST tests."""

import pytest

from tests.factories import client_of


@pytest.fixture
def signed_in():
    """A function that returns a client with an access token of a user."""
    return client_of
