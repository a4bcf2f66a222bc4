"""Limits on sign-in and registration attempts. Counted in Redis, before any database connection.

A stranger's attempts do not lock the owner out: they are counted by account and network, and a
known device has limits of its own (ADR 0043).
"""

from django.conf import settings

from moderado.accounts import devices
from moderado.accounts.types import Origin
from moderado.core import limits
from moderado.core.addresses import network_of
from moderado.core.errors import RateLimited


def count_sign_in(*, email: str, origin: Origin) -> bool:
    """Count an attempt, successful or not.

    An e-mail without an account counts the same, so that the answer reveals nothing.

    Returns:
        Whether strangers attack this account: their attempts are slowed down.

    Raises:
        RateLimited: One of the limits is reached.
    """
    account = devices.account_key(email)
    device = devices.device_of(email=email, token=origin.device)
    if device is not None:
        _count_device(account, device, origin.address)
        return False
    count_address(address=origin.address)
    limits.hit(settings.LIMIT_SIGN_IN_PER_ACCOUNT, "sign_in", account, network_of(origin.address))
    if devices.is_known_network(email=email, address=origin.address):
        return False
    return _count_stranger(account)


def count_address(*, address: str) -> None:
    """Count a registration or sign-in against its address. Raises RateLimited."""
    limits.hit_address(settings.LIMIT_SIGN_IN_PER_ADDRESS, "address", address)


def count_confirmation(*, session_id: str) -> None:
    """Count an attempt to confirm the password within a session. Raises RateLimited."""
    limits.hit(settings.LIMIT_SIGN_IN_PER_ACCOUNT, "confirmation", session_id)


def _count_device(account: str, device: str, address: str) -> None:
    """Count an attempt of a known device, apart from strangers of the same address."""
    limits.hit_address(settings.LIMIT_SIGN_IN_PER_ADDRESS, "device_address", address)
    limits.hit(settings.LIMIT_SIGN_IN_PER_ACCOUNT, "device", account, device)


def _count_stranger(account: str) -> bool:
    try:
        limits.hit(settings.LIMIT_SIGN_IN_STRANGERS, "strangers", account)
    except RateLimited:
        limits.hit(settings.LIMIT_SIGN_IN_SLOWED, "slowed", account)
        return True
    return False
