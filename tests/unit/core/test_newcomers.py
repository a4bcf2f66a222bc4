"""The age of an account is in its id."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.utils import translation

from moderado.core import newcomers
from moderado.core.ids import first_id, new_id
from moderado.core.newcomers import NewcomerLimited, is_newcomer, newcomer_until


@pytest.fixture
def hours(monkeypatch):
    def hours(number):
        env = SimpleNamespace(newcomer_hours=number)
        monkeypatch.setattr(newcomers, "settings", SimpleNamespace(ENV=env))

    return hours


def account(**ago):
    """The id of an account that was created so long ago."""
    seven = (7 << 76) | (2 << 62)
    return UUID(int=first_id(datetime.now(UTC) - timedelta(**ago)).int | seven)


def test_account_is_new_for_the_hours_that_are_set(hours):
    hours(24)

    assert is_newcomer(new_id())
    assert is_newcomer(account(hours=23))
    assert not is_newcomer(account(hours=25))
    left = newcomer_until(account(hours=23)) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_no_account_is_new_without_the_setting_or_without_a_time_in_its_id(hours):
    hours(0)
    assert not is_newcomer(new_id())
    hours(24)
    assert not is_newcomer(uuid4())


def test_error_says_when_it_ends_in_both_languages():
    error = NewcomerLimited(retry_after=7, until=datetime(2026, 11, 29, 12, tzinfo=UTC))

    assert error.details["until"] == "2026-11-29T12:00:00Z"
    with translation.override("en"):
        assert "11/29/2026" in str(error)
    with translation.override("pt-br"):
        assert str(error).startswith("Sua conta é nova")
        assert "29/11/2026" in str(error)
