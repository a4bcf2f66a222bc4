"""A token is accepted only if this server issued it, for this purpose, and it has not expired."""

import base64
import json
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from moderado.accounts import tokens
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.models import Session, User

ACCESS, REFRESH = tokens.Use.ACCESS, tokens.Use.REFRESH


@pytest.fixture
def session():
    user = User(name="Ana", email="ana@example.org")
    return Session(user=user, expires_at=timezone.now() + timedelta(days=1))


def access_token(session):
    return tokens.access_token(session, now=timezone.now())


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refused(token, use=ACCESS):
    with pytest.raises(NotAuthenticated):
        tokens.read(token, use=use)
    return True


def test_access_token_names_user_and_session(session):
    token = access_token(session)

    read = tokens.read(token, use=ACCESS)

    assert (read.user_id, read.session_id) == (session.user_id, session.id)
    claims = claims_of(token)
    assert claims["user_id"] == str(session.user_id)
    assert (claims["name"], claims["email"]) == ("Ana", "ana@example.org")


def test_refresh_token_names_its_rotation(session):
    read = tokens.read(tokens.refresh_token(session), use=REFRESH)

    assert read.token_id == session.refresh_id


def test_access_and_refresh_tokens_are_distinct(session):
    assert refused(tokens.refresh_token(session), use=ACCESS)
    assert refused(access_token(session), use=REFRESH)


def test_claims_of_another_purpose_are_refused(session):
    claims = claims_of(access_token(session)) | {"token_use": "refresh"}

    assert refused(jwt.encode(claims, tokens._key(ACCESS), algorithm="HS256"))


def test_access_token_says_when_it_expires(session, settings, clock):
    settings.ACCESS_TOKEN_SECONDS = 60
    token = access_token(session)

    seconds = (tokens.read(token, use=ACCESS).expires_at - timezone.now()).total_seconds()
    assert -1 < seconds - 60 <= 0
    clock.shift(tokens.CLOCK_TOLERANCE + timedelta(seconds=62))
    assert refused(token)


def test_unsigned_token_is_refused(session):
    claims = claims_of(access_token(session))
    for algorithm in ("none", "None", "NONE", ""):
        header = part({"alg": algorithm, "typ": "JWT"})
        assert refused(f"{header}.{part(claims)}.")
        assert refused(f"{header}.{part(claims)}.{part('x')}")


def test_token_of_another_algorithm_is_refused(session):
    claims = claims_of(access_token(session))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

    assert refused(jwt.encode(claims, private, algorithm="RS256"))
    assert refused(jwt.encode(claims, tokens._key(ACCESS) * 2, algorithm="HS512"))
    header, body = part({"alg": "HS256"}), part(claims)
    signature = jwt.algorithms.HMACAlgorithm("sha256").sign(f"{header}.{body}".encode(), public)
    confused = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert refused(f"{header}.{body}.{confused}")


def test_token_of_another_key_is_refused(session, settings):
    token = access_token(session)
    settings.SECRET_KEY = "another secret, also of more than thirty-two characters"

    assert refused(token)


def test_token_signed_with_the_bare_secret_is_refused(session, settings):
    claims = claims_of(access_token(session))

    assert refused(jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256"))


def test_altered_token_is_refused(session):
    header, body, signature = access_token(session).split(".")
    other = part(claims_of(f"{header}.{body}.{signature}") | {"user_id": str(uuid4())})

    assert refused(f"{header}.{other}.{signature}")
    assert refused(f"{header}.{body}.{signature[:-4]}AAAA")


@pytest.mark.parametrize("missing", ["exp", "jti", "sid", "token_use", "user_id"])
def test_token_without_a_claim_is_refused(session, missing):
    claims = claims_of(access_token(session))
    del claims[missing]

    assert refused(jwt.encode(claims, tokens._key(ACCESS), algorithm="HS256"))


@pytest.mark.parametrize(
    "junk",
    ["", ".", "..", "a.b.c", "\x00", "é", "\ud800", "x" * 100_000, "." * 5000, "W10.W10.W10"],
)
def test_arbitrary_input_is_refused_as_token(junk):
    assert refused(junk)


@pytest.mark.parametrize("claim", ["sid", "jti", "user_id"])
@pytest.mark.parametrize("value", [None, 7, "not an id", [], {}, "x" * 5000])
def test_malformed_ids_in_claims_are_refused(session, claim, value):
    claims = claims_of(access_token(session)) | {claim: value}

    try:
        token = jwt.encode(claims, tokens._key(ACCESS), algorithm="HS256")
    except TypeError:
        return  # the library refuses to write it
    assert refused(token)


def test_token_issued_slightly_in_the_future_is_accepted(session, clock):
    token = access_token(session)

    clock.shift(-5)

    assert tokens.read(token, use=ACCESS)
