"""A web host's clock is wrong: sessions, tokens and invitations go by that of the database."""

from datetime import timedelta

import pytest
from django.db.models import F

from moderado.accounts import selectors
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import Invitation, Session
from moderado.accounts.services import invitations, sessions
from moderado.core.errors import Invalid
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R123")]

HOUR = timedelta(hours=1)
wrong_by = pytest.mark.parametrize("error", [HOUR, -HOUR], ids=["fast", "slow"])


def signed_in():
    session = sessions.open_session(user=make_user())
    return session, sessions.tokens_of(session=session)


@wrong_by
def test_tokens_of_a_right_host_are_valid_on_a_wrong_one(clock, error):
    _, pair = signed_in()

    clock.shift(error)

    assert sessions.principal_of_access_token(token=pair.access)
    assert sessions.refresh(token=pair.refresh)


@wrong_by
def test_tokens_of_a_wrong_host_are_valid_on_a_right_one(clock, error):
    clock.shift(error)
    session, pair = signed_in()
    pair = sessions.refresh(token=pair.refresh)

    clock.shift(-error)

    assert sessions.principal_of_access_token(token=pair.access)
    assert set(selectors.live_sessions([session.id])) == {session.id}


def test_access_token_of_a_fast_host_lives_no_longer(clock, settings):
    settings.ACCESS_TOKEN_SECONDS = -1
    clock.shift(HOUR)
    _, pair = signed_in()
    clock.shift(-HOUR)

    with pytest.raises(NotAuthenticated):
        sessions.principal_of_access_token(token=pair.access)
    with pytest.raises(NotAuthenticated):
        sessions.session_of_access_token(token=pair.access)


@wrong_by
def test_tabs_that_refresh_at_once_on_two_hosts_get_one_successor(clock, error):
    session, pair = signed_in()
    first = sessions.refresh(token=pair.refresh)

    clock.shift(error)
    second = sessions.refresh(token=pair.refresh)

    assert second.refresh == first.refresh
    assert Session.objects.get(pk=session.pk).ended_at is None


def test_stolen_token_is_found_on_a_slow_host(clock):
    session, pair = signed_in()
    sessions.refresh(token=pair.refresh)
    Session.objects.update(rotated_at=F("rotated_at") - timedelta(seconds=31))
    clock.shift(-HOUR)

    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=pair.refresh)

    assert Session.objects.get(pk=session.pk).ended_at is not None


@pytest.mark.parametrize("error", [timedelta(days=3), timedelta(days=-3)], ids=["fast", "slow"])
def test_use_of_a_cookie_postpones_the_end_by_the_right_time(clock, error, settings):
    settings.REFRESH_TOKEN_DAYS = 2
    session, _ = signed_in()
    Session.objects.update(used_at=F("used_at") - HOUR, expires_at=F("expires_at") - HOUR)
    clock.shift(error)

    sessions.record_use(session=Session.objects.get(pk=session.pk))

    stored = Session.objects.get(pk=session.pk)
    assert stored.expires_at - stored.used_at == timedelta(days=2)
    assert timedelta(0) <= stored.used_at - session.used_at < timedelta(minutes=5)


@wrong_by
def test_invitations_expire_by_the_same_clock_on_all_hosts(clock, error):
    valid, over = (invitations.create_invitation(actor_id=None, days=1) for _ in range(2))
    half = timedelta(minutes=30)
    Invitation.objects.filter(pk=valid.id).update(expires_at=F("created_at") + half)
    Invitation.objects.filter(pk=over.id).update(expires_at=F("created_at") - half)
    clock.shift(error)

    invitations.check_invitation(valid.code)
    with pytest.raises(Invalid):
        invitations.check_invitation(over.code)
