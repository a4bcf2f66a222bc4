"""Known devices and networks of an account, which a stranger's attempts do not lock out.

A device keeps a signed token (OWASP: "device cookie"). A network is remembered in Redis, as a keyed
hash; losing it only makes the owner a stranger there until the next sign-in. Neither needs the
database, and neither replaces the password.
"""

import secrets

import structlog
from django.core.signing import BadSignature, TimestampSigner
from django.utils.crypto import salted_hmac

from moderado.accounts.lookalikes import email_key
from moderado.core import redis
from moderado.core.addresses import network_of

log = structlog.get_logger(__name__)

COOKIE = "device"
DEVICE_SECONDS = 400 * 24 * 3600  # the longest lifetime that browsers give a cookie
NETWORK_SECONDS = 60 * 24 * 3600
MAX_LENGTH = 200  # of a device token


def account_key(email: str) -> str:
    """Return the key under which attempts on `email` are counted. It reveals no address.

    Forms of an e-mail that could belong to one account share a key.
    """
    same = email_key(email)
    same = same.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return salted_hmac("moderado.accounts.account", same, algorithm="sha256").hexdigest()


def issue_device(*, email: str, known: str | None = None) -> str:
    """Return a token for a device on which the owner of `email` has just signed in.

    Args:
        known: The token that the device sent. It keeps its identity if it is valid.
    """
    device = device_of(email=email, token=known) or secrets.token_hex(16)
    return _signer(email).sign(device)


def device_of(*, email: str, token: str | None) -> str | None:
    """Return the device that `token` identifies, or None unless it is known to the account."""
    if not token or len(token) > MAX_LENGTH:
        return None
    try:
        return _signer(email).unsign(token, max_age=DEVICE_SECONDS)
    except (BadSignature, UnicodeError):
        return None


def remember_network(*, email: str, address: str) -> None:
    """Remember that the owner of `email` signed in from the network of `address`."""
    try:
        redis.client().set(_network_key(email, address), 1, ex=NETWORK_SECONDS)
    except redis.RedisError as error:
        log.warning("network_not_remembered", error=type(error).__name__)


def is_known_network(*, email: str, address: str) -> bool:
    """Return whether the owner has signed in from the network of `address` before."""
    try:
        return bool(redis.client().exists(_network_key(email, address)))
    except redis.RedisError:
        return False


def _signer(email: str) -> TimestampSigner:
    return TimestampSigner(salt=f"moderado.accounts.device:{account_key(email)}")


def _network_key(email: str, address: str) -> str:
    text = f"{account_key(email)} {network_of(address)}"
    return "moderado:network:" + salted_hmac("moderado.network", text).hexdigest()
