"""Forged and misused credentials are refused by REST and sockets."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.accounts import selectors, tokens
from moderado.accounts.models import Session, User
from moderado.accounts.services import sessions, tickets
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.factories import make_user
from tests.integration.realtime.conftest import Cast, timing_with


def open_session(**fields: object) -> Session:
    return sessions.open_session(user=make_user(**fields))


def access_token(session: Session) -> str:
    return sessions.tokens_of(session=session).access


def forged(session: Session, *, key: bytes | None, algorithm: str, **claims: object) -> str:
    """Return an access token for this session that the server did not issue."""
    honest = jwt.decode(access_token(session), options={"verify_signature": False})
    return jwt.encode(honest | claims, key, algorithm=algorithm)  # type: ignore[arg-type]  # "none"


def refresh_token() -> str:
    return sessions.tokens_of(session=open_session()).refresh


def ticket() -> str:
    return tickets.issue_ticket(principal=selectors.principal_of(open_session())).ticket


def unsigned() -> str:
    return forged(open_session(), key=None, algorithm="none")


def signed_by_another() -> str:
    return forged(open_session(), key=b"x" * 64, algorithm="HS256")


def refresh_key_for_access() -> str:
    key = tokens._key(tokens.Use.REFRESH)
    return forged(open_session(), key=key, algorithm="HS256")


def expired() -> str:
    key, past = tokens._key(tokens.Use.ACCESS), timezone.now() - timedelta(seconds=1)
    return forged(open_session(), key=key, algorithm="HS256", exp=past)


def signed_with_a_key_that_was_replaced() -> str:
    with override_settings(SECRET_KEY="the-one-of-last-year-the-one-of-last-year"):
        return access_token(open_session())


def confused(algorithm: str) -> str:
    """Sign with the server's own key, by an algorithm that would treat it as a public key."""
    _, payload, _ = access_token(open_session()).split(".")
    head = json.dumps({"typ": "JWT", "alg": algorithm}).encode()
    signed = f"{base64.urlsafe_b64encode(head).rstrip(b'=').decode()}.{payload}"
    key = tokens._key(tokens.Use.ACCESS)
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    mac = base64.urlsafe_b64encode(signature.sign(signed.encode(), key)).rstrip(b"=")
    return f"{signed}.{mac.decode()}"


def of_another_algorithm_of_our_kind() -> str:
    key = tokens._key(tokens.Use.ACCESS)
    return forged(open_session(), key=key + b"\0" * 32, algorithm="HS512")


def called_rs256() -> str:
    return confused("RS256")


def called_none() -> str:
    return confused("none")


def of_an_ended_session() -> str:
    session = open_session()
    access = access_token(session)
    sessions.end_session(session_id=session.id)
    return access


def of_a_closed_account() -> str:
    session = open_session()
    User.objects.filter(pk=session.user_id).update(is_active=False)
    return access_token(session)


def of_another_users_session() -> str:
    key, other = tokens._key(tokens.Use.ACCESS), make_user(is_staff=True)
    return forged(open_session(), key=key, algorithm="HS256", user_id=str(other.id))


IMPOSTORS = [
    refresh_token, ticket, unsigned, signed_by_another, refresh_key_for_access, expired,
    signed_with_a_key_that_was_replaced, of_another_algorithm_of_our_kind, called_rs256,
    called_none, of_an_ended_session, of_a_closed_account,
]  # fmt: skip


def test_algorithm_confusion_tokens_are_valid_but_for_the_algorithm(db):
    assert tokens.read(confused("HS256"), use=tokens.Use.ACCESS)


@pytest.mark.proves("S6")
@pytest.mark.parametrize("impostor", IMPOSTORS, ids=lambda one: one.__name__)
def test_rest_refuses_forged_tokens(db, impostor):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {impostor()}")

    answer = client.get("/api/auth/users/me/")

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.proves("S6")
def test_session_acts_for_its_own_user_whatever_the_token_claims(db):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {of_another_users_session()}")

    answer = client.get("/api/auth/users/me/")

    assert answer.status_code == 401 or answer.json()["is_staff"] is False


def test_access_and_refresh_tokens_are_not_interchangeable(db):
    access = access_token(open_session())

    assert APIClient().post("/api/auth/refresh/", {"refresh": access}).status_code == 401


@pytest.mark.proves("S6")
@pytest.mark.parametrize("timing", [timing_with(authentication=0.3)])
async def test_socket_refuses_forged_tokens_in_every_position(cast: Cast):
    codes = {}

    for impostor in IMPOSTORS:
        token = await run_in_db_thread(impostor)()
        by_query = await cast.open(f"/ws/chat/?token={token}")
        codes[impostor.__name__, "?token="] = await by_query.closed()
        if impostor is not ticket:  # `?ticket=` exists for this
            as_ticket = await cast.open(f"/ws/chat/?ticket={token}")
            codes[impostor.__name__, "?ticket="] = await as_ticket.closed()
        by_frame = await cast.open("/ws/chat/")
        await by_frame.send("authenticate", token=token)
        codes[impostor.__name__, "authenticate"] = await by_frame.closed()

    assert set(codes.values()) == {4001}, codes
