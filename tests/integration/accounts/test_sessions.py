"""Sessions: token rotation, reuse detection, and the ways a session ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher
from django.db import connection
from django.db.models import F
from django.utils import timezone

from moderado.accounts import selectors, tokens
from moderado.accounts.errors import NotAuthenticated, WrongCredentials
from moderado.accounts.models import Session, User
from moderado.accounts.services import accounts, sessions, sign_in
from moderado.accounts.types import Origin
from moderado.core.errors import Invalid, RateLimited
from moderado.moderation.services.subject_screening import screen_waiting
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def signed_in(user=None):
    session = sessions.open_session(user=user or make_user())
    return session, sessions.tokens_of(session=session)


def rotation(pair):
    return tokens.read(pair.refresh, use=tokens.Use.REFRESH).token_id


def age(term):
    """Let all sessions be older: time passes for all hosts."""
    moments = ("created_at", "used_at", "rotated_at", "expires_at")
    Session.objects.update(**{name: F(name) - term for name in moments})


def test_access_token_is_resolved_in_one_query(django_assert_num_queries):
    user = make_user(name="Ana", language="en", is_staff=True)
    session, pair = signed_in(user)

    with django_assert_num_queries(1):
        principal = sessions.principal_of_access_token(token=pair.access)

    assert (principal.user_id, principal.session_id) == (user.id, session.id)
    assert (principal.name, principal.language, principal.is_staff) == ("Ana", "en", True)


@pytest.mark.parametrize("statement", [selectors._PRINCIPAL, selectors._SESSION])
def test_session_is_found_by_its_id_however_few_there_are(statement):
    session, _ = signed_in()

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        values = {"session": session.id, "longest": timedelta(days=1), "token_expires_at": None}
        cursor.execute(f"EXPLAIN {statement}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "using accounts_session_pkey" in plan


def test_principal_has_the_current_name():
    user = make_user(name="Before")
    _, pair = signed_in(user)

    accounts.update_profile(user_id=user.id, name="After")
    screen_waiting()

    assert sessions.principal_of_access_token(token=pair.access).name == "After"


def test_refresh_token_works_once():
    _, first = signed_in()

    second = sessions.refresh(token=first.refresh)
    third = sessions.refresh(token=second.refresh)

    assert len({first.refresh, second.refresh, third.refresh}) == 3
    assert sessions.principal_of_access_token(token=third.access)


def test_reused_refresh_token_ends_its_session(ended, commit):
    session, first = signed_in()
    second = sessions.refresh(token=first.refresh)
    age(timedelta(seconds=31))

    with commit(), pytest.raises(NotAuthenticated):
        sessions.refresh(token=first.refresh)

    assert [event.session_id for event in ended] == [session.id]
    for token in (first.refresh, second.refresh):
        with pytest.raises(NotAuthenticated):
            sessions.refresh(token=token)
    for token in (first.access, second.access):
        with pytest.raises(NotAuthenticated):
            sessions.principal_of_access_token(token=token)


def test_other_sessions_of_the_account_stay_open(settings):
    settings.REFRESH_TOKEN_GRACE_SECONDS = 0
    user = make_user()
    _, phone = signed_in(user)
    _, desk = signed_in(user)
    sessions.refresh(token=phone.refresh)
    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=phone.refresh)

    assert sessions.refresh(token=desk.refresh)


@pytest.mark.proves("S48")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("grace, expected", [(30, 8), (0, 1)])
def test_concurrent_refresh_gets_one_successor_or_none(ended, settings, grace, expected):
    settings.REFRESH_TOKEN_GRACE_SECONDS = grace
    session, pair = signed_in()
    start = Barrier(8)

    def attempt(_):
        start.wait(10)
        try:
            return sessions.refresh(token=pair.refresh)
        except NotAuthenticated:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        winners = [won for won in pool.map(attempt, range(8)) if won]

    assert len(winners) == expected
    assert len({won.refresh for won in winners}) == 1
    if grace:
        assert ended == []
        assert sessions.refresh(token=winners[0].refresh)
    else:
        assert [event.session_id for event in ended] == [session.id]
        with pytest.raises(NotAuthenticated):
            sessions.refresh(token=winners[0].refresh)


@pytest.mark.proves("S48")
def test_replaced_token_gets_the_same_successor_for_a_while(settings):
    _, first = signed_in()
    second = sessions.refresh(token=first.refresh)
    age(timedelta(seconds=29))

    again = sessions.refresh(token=first.refresh)

    assert rotation(again) == rotation(second) != rotation(first)


@pytest.mark.proves("S48")
def test_grace_covers_the_last_replaced_token_only(ended, commit):
    session, first = signed_in()
    sessions.refresh(token=sessions.refresh(token=first.refresh).refresh)

    with commit(), pytest.raises(NotAuthenticated):
        sessions.refresh(token=first.refresh)

    assert [event.session_id for event in ended] == [session.id]


@pytest.mark.proves("S48")
def test_without_rotation_the_first_token_works_until_the_session_must_end(settings):
    settings.REFRESH_TOKEN_ROTATION = False
    settings.REFRESH_TOKEN_DAYS, settings.SESSION_MAX_DAYS = 10, 25
    _, first = signed_in()

    for _ in range(3):
        age(timedelta(days=8))
        assert rotation(sessions.refresh(token=first.refresh)) == rotation(first)

    age(timedelta(days=2))
    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=first.refresh)


@pytest.mark.proves("S48")
def test_session_in_use_ends_at_the_absolute_limit(settings):
    settings.REFRESH_TOKEN_DAYS, settings.SESSION_MAX_DAYS = 10, 25
    session, pair = signed_in()
    for _ in range(3):
        age(timedelta(days=8))
        pair = sessions.refresh(token=pair.refresh)
    assert set(selectors.live_sessions([session.id])) == {session.id}

    age(timedelta(days=2))

    assert set(selectors.live_sessions([session.id])) == set()
    with pytest.raises(NotAuthenticated):
        sessions.principal_of_access_token(token=sessions.tokens_of(session=session).access)


@pytest.mark.proves("S48")
def test_lowered_absolute_limit_counts_for_open_sessions(settings):
    session, _ = signed_in()
    age(timedelta(days=8))

    settings.SESSION_MAX_DAYS = 7

    assert set(selectors.live_sessions([session.id])) == set()
    with pytest.raises(NotAuthenticated):
        selectors.principal_of_session(session.id)


@pytest.mark.proves("S48")
def test_use_with_a_cookie_postpones_the_idle_limit(client, settings):
    settings.REFRESH_TOKEN_DAYS = 2
    user = make_user()
    client.force_login(user)

    for _ in range(3):
        age(timedelta(days=1))
        assert client.get("/api/auth/users/me/").status_code == 200
        age(timedelta(hours=23))
        assert client.get("/").status_code == 200

    age(timedelta(days=3))
    assert client.get("/api/auth/users/me/").status_code == 401
    assert client.get("/").status_code == 302


def test_unused_session_expires(settings):
    settings.REFRESH_TOKEN_DAYS = 1
    session, pair = signed_in()
    age(timedelta(hours=23))
    pair = sessions.refresh(token=pair.refresh)
    age(timedelta(hours=23))
    assert set(selectors.live_sessions([session.id])) == {session.id}

    age(timedelta(hours=2))

    assert set(selectors.live_sessions([session.id])) == set()
    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=pair.refresh)


def test_sign_out_ends_the_session_and_publishes_once(ended, commit):
    session, pair = signed_in()

    with commit():
        sessions.sign_out(token=pair.refresh)
        sessions.sign_out(token=pair.refresh)

    assert [(event.session_id, event.user_id) for event in ended] == [(session.id, session.user_id)]
    with pytest.raises(NotAuthenticated):
        sessions.principal_of_access_token(token=pair.access)


def test_used_refresh_token_still_signs_out():
    _, first = signed_in()
    second = sessions.refresh(token=first.refresh)

    sessions.sign_out(token=first.refresh)

    with pytest.raises(NotAuthenticated):
        sessions.principal_of_access_token(token=second.access)


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_invalid_token_signs_out_no_session(token):
    with pytest.raises(NotAuthenticated):
        sessions.sign_out(token=token)


def test_access_token_signs_out_no_session():
    _, pair = signed_in()

    with pytest.raises(NotAuthenticated):
        sessions.sign_out(token=pair.access)


def test_deactivation_ends_and_publishes_every_session(ended, commit):
    user = make_user()
    opened = [signed_in(user)[0].id for _ in range(3)]
    stranger, _ = signed_in()

    with commit():
        accounts.deactivate(user_id=user.id)

    assert sorted(event.session_id for event in ended) == sorted(opened)
    assert set(selectors.live_sessions([*opened, stranger.id])) == {stranger.id}


def test_account_deactivated_by_sql_is_refused():
    user = make_user()
    session, pair = signed_in(user)
    User.objects.filter(id=user.id).update(is_active=False)

    assert set(selectors.live_sessions([session.id])) == set()
    with pytest.raises(NotAuthenticated):
        sessions.principal_of_access_token(token=pair.access)
    with pytest.raises(NotAuthenticated):
        sessions.refresh(token=pair.refresh)


def changed(user, session, *, current=PASSWORD, new="outra frase bem longa"):
    return accounts.change_password(
        user_id=user.id,
        session_id=session.id,
        current_password=current,
        new_password=new,
        origin=Origin(entry_point="rest", address="192.0.2.1"),
    )


@pytest.mark.proves("S48")
def test_new_password_ends_every_other_session(ended, commit):
    user = make_user()
    (mine, _), (other, _) = signed_in(user), signed_in(user)

    with commit():
        changed(user, mine)

    assert [event.session_id for event in ended] == [other.id]
    assert set(selectors.live_sessions([mine.id, other.id])) == {mine.id}
    assert sessions.sign_in(email=user.email, password="outra frase bem longa")
    with pytest.raises(WrongCredentials):
        sessions.sign_in(email=user.email, password=PASSWORD)


@pytest.mark.proves("S48")
def test_password_is_not_changed_without_the_current_one(ended, commit):
    user = make_user()
    session, other = signed_in(user)[0], signed_in(user)[0]

    with commit(), pytest.raises(Invalid) as refused:
        changed(user, session, current="wrong")

    assert set(refused.value.fields) == {"current_password"}
    assert ended == []
    assert selectors.live_sessions([other.id])
    assert sessions.sign_in(email=user.email, password=PASSWORD)


@pytest.mark.proves("S48")
def test_guesses_of_the_current_password_are_limited_by_session(settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "3/minute"
    user = make_user()
    session, other = signed_in(user)[0], signed_in(user)[0]
    for _ in range(3):
        with pytest.raises(Invalid):
            changed(user, session, current="wrong")

    with pytest.raises(RateLimited):
        changed(user, session)

    assert changed(user, other)


@pytest.mark.parametrize("change", ["password", "deactivation"])
def test_sign_in_during_password_change_opens_no_session(change):
    user = make_user()
    checked = sign_in.verify(email=user.email, password=PASSWORD, origin=None)
    if change == "password":
        changed(user, signed_in(user)[0])
    else:
        accounts.deactivate(user_id=user.id)

    with pytest.raises(NotAuthenticated):
        sessions.open_session(user=checked)


class QuickHasher(PBKDF2PasswordHasher):
    """Takes no second for a password."""

    iterations = 1


def test_rehash_at_sign_in_ends_no_session(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.QuickHasher"]
    user = make_user()
    session, _ = signed_in(user)
    before = user.password
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        f"{__name__}.QuickHasher",
    ]

    sessions.sign_in(email=user.email, password=PASSWORD)

    user.refresh_from_db()
    assert user.password != before
    assert set(selectors.live_sessions([session.id])) == {session.id}


def test_other_account_changes_end_no_session():
    user = make_user()
    session, _ = signed_in(user)

    accounts.update_profile(user_id=user.id, name="Other", language="en")

    assert set(selectors.live_sessions([session.id])) == {session.id}


class CountingHasher(MD5PasswordHasher):
    """Counts the hashes that it computes."""

    hashed = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashed += 1
        return super().encode(password, salt)


@pytest.mark.proves("S34")
@pytest.mark.parametrize("change", ["unknown", "password", "inactive"])
def test_failed_sign_ins_are_alike_and_always_hash(change, settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    user = make_user(is_active=change != "inactive")
    email = "unknown@example.org" if change == "unknown" else user.email
    password = "wrong" if change == "password" else PASSWORD
    before = CountingHasher.hashed

    with pytest.raises(WrongCredentials):
        sessions.sign_in(email=email, password=password)

    assert CountingHasher.hashed == before + 1


def test_email_is_case_insensitive():
    make_user(email="Ana@Example.org")

    assert sessions.sign_in(email=" ANA@example.ORG ", password=PASSWORD)


def test_django_sign_in_opens_and_sign_out_ends_a_session(client, ended, commit):
    user = make_user()
    client.force_login(user)
    session = Session.objects.get(user=user)
    assert client.session["moderado_session"] == str(session.id)

    with commit():
        client.logout()

    assert [event.session_id for event in ended] == [session.id]


def test_second_sign_in_ends_the_browsers_first_session(client):
    user = make_user()
    client.force_login(user)
    client.force_login(user)

    assert Session.objects.filter(user=user, ended_at=None).count() == 1


def test_unknown_session_is_refused_like_an_ended_one():
    with pytest.raises(NotAuthenticated):
        selectors.principal_of_session(uuid4())


def test_token_of_another_user_is_refused():
    session, _ = signed_in()
    session.user = make_user()

    with pytest.raises(NotAuthenticated):
        sessions.principal_of_access_token(token=sessions.tokens_of(session=session).access)


def test_page_session_is_not_extended_by_a_token():
    session, _ = signed_in()
    ended_at = timezone.now()
    Session.objects.filter(id=session.id).update(ended_at=ended_at)

    sessions.end_session(session_id=session.id)

    session.refresh_from_db()
    assert session.ended_at == ended_at


def test_expired_sessions_are_deleted(settings):
    settings.REFRESH_TOKEN_DAYS = 1
    over, _ = signed_in()
    Session.objects.filter(id=over.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    ended_early, _ = signed_in()
    sessions.end_session(session_id=ended_early.id)
    open_one, _ = signed_in()

    assert sessions.delete_expired() == 1
    assert set(Session.objects.values_list("id", flat=True)) == {ended_early.id, open_one.id}


@pytest.mark.parametrize("change", ["none", "ended", "expired", "inactive"])
def test_sockets_and_requests_accept_the_same_sessions(change):
    """The SQL of `principal_of_session` agrees with the ORM query `open_sessions`."""
    session = sessions.open_session(user=make_user())
    past = timezone.now() - timedelta(seconds=1)
    changes = {"ended": {"ended_at": past}, "expired": {"expires_at": past}}
    type(session).objects.filter(pk=session.pk).update(**changes.get(change, {"used_at": past}))
    type(session.user).objects.filter(pk=session.user_id).update(is_active=change != "inactive")

    def answer(ask):
        try:
            return ask()
        except NotAuthenticated:
            return None

    by_request = answer(lambda: selectors.principal_of(selectors.get_session(session.id)))
    assert answer(lambda: selectors.principal_of_session(session.id)) == by_request
    assert (by_request is None) == (change != "none")
