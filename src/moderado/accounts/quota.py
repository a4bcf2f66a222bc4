"""How often one may try to sign in or to register."""

from hashlib import sha256

from django.conf import settings

from moderado.core import limits
from moderado.core.addresses import counted_as


def count_sign_in(*, email: str, address: str) -> None:
    """Count an attempt, right or wrong, against its address and its account.

    Raises RateLimited. An e-mail without an account counts the same, so the answer tells nothing.
    """
    count_address(address=address)
    # Limits stand in Redis by name: no e-mail there.
    account = sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    limits.hit(settings.LIMIT_SIGN_IN_PER_ACCOUNT, "sign_in", account)


def count_address(*, address: str) -> None:
    """Count a registration (or the address's part of a sign-in). Raises RateLimited."""
    limits.hit(settings.LIMIT_SIGN_IN_PER_ADDRESS, "address", counted_as(address))
