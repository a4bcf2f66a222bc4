"""Guessable values of SECRET_KEY are refused, random ones are not."""

import base64
import hashlib
import secrets
from uuid import uuid4

import pytest
from django.core.management.utils import get_random_secret_key

from moderado.config.env import Misconfigured, env
from moderado.config.secret_key import weakness

pytestmark = pytest.mark.proves("S50", "S248")

GUESSABLE = [
    "k" * 50,
    "ab" * 25,
    "0123456789" * 5,
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "qwertyuiopasdfghjklzxcvbnm1234567890",
    "000102030405060708090a0b0c0d0e0f1011121314",
    "password" * 5,
    "Passw0rd!Passw0rd!Passw0rd!Passw0rd!",
    "tests-tests-tests-tests-tests-tests",
    "for-development-only-and-known-to-everybody",
    "this-is-a-very-long-phrase-for-production",
    "thisisaverylongstringthatnobodyknowsatall",
    "the quick brown fox jumps over the lazy dog and runs away",
    "minha-chave-muito-secreta-de-producao-2026",
    "umachavebemcompridaqueninguemvaidescobrirnunca",
    "correct horse battery staple correct horse battery staple",
    "django-insecure-7z)q&0x^y1w!8k@v3n#p5r$t9u*2s4m6",
    "changeme-3f9a0c17be52d8460f1e9d7ab2c4568e",
    "deadbeefcafebabe0badf00ddeadc0de12345678",
    "LoremIpsumDolorSitAmetConsecteturAdipiscingElitSedDoEiusmodTempor",
    "Th1s1sMyS3cr3tK3yF0rPr0duct10nD0N0tSh4r3P1ease!!Th1s1sMyS3cr3tK3y",
    "aAbBcCdDeEfFgGhHiIjJkKlLmMnNoOpPqQrRsStTuUvVwWxXyYzZ",
    "3141592653589793238462643383279502884197169399375105820974944592307816",
    "2.71828182845904523536028747135266249775724709369995957496696762",
    base64.b64encode(b"umachavebemcompridaqueninguemvaidescobrirnunca").decode(),
    base64.urlsafe_b64encode(b"this-is-a-very-long-phrase-for-production?").decode().rstrip("="),
    b"correct horse battery staple correct".hex(),
    hashlib.sha256(b"").hexdigest(),
    hashlib.sha256(b"secret").hexdigest(),
    hashlib.sha512(b"password").hexdigest(),
    hashlib.sha1(b"admin", usedforsecurity=False).hexdigest().upper(),
    2 * hashlib.md5(b"senha", usedforsecurity=False).hexdigest(),
]


@pytest.mark.parametrize("key", GUESSABLE)
def test_guessable_key_is_refused_at_start_without_quoting_it(monkeypatch, key):
    monkeypatch.setenv("SECRET_KEY", key)

    with pytest.raises(Misconfigured, match="SECRET_KEY: it ") as refused:
        env.__wrapped__()

    assert key not in str(refused.value)


@pytest.mark.parametrize(
    "generate",
    [
        lambda: secrets.token_hex(16),
        lambda: secrets.token_hex(32),
        lambda: secrets.token_urlsafe(48),
        get_random_secret_key,
        lambda: str(uuid4()),
    ],
)
def test_random_keys_are_accepted(generate):
    assert [weakness(generate()) for _ in range(200)] == [None] * 200
