"""Keyed digests of e-mail addresses that are banned: they reveal no address without the key."""

from django.utils.crypto import salted_hmac

from moderado.accounts.lookalikes import email_key

_SALT = "moderado.enforcement.banned_email"


def email_digest(email: str) -> bytes:
    """Return the digest of what all spellings of an address have in common.

    A tag (`ana+chat@example.com`) makes no difference: it costs nothing to invent another one.
    """
    local, at, domain = email_key(email).rpartition("@")
    untagged = local.partition("+")[0] or local
    return salted_hmac(_SALT, f"{untagged}{at}{domain}", algorithm="sha256").digest()
