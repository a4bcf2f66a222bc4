"""Limits on sign-in and registration attempts."""

from hashlib import sha256

from django.conf import settings

from moderado.core import limits
from moderado.core.addresses import rate_limit_key


def count_sign_in(*, email: str, address: str) -> None:
    """Count an attempt, successful or not, against its address and its account.

    An e-mail without an account counts the same, so that the answer reveals nothing.

    Raises:
        RateLimited: One of the limits is reached.
    """
    count_address(address=address)
    # Redis stores limits by key: the key contains no e-mail address.
    account = sha256(email.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
    limits.hit(settings.LIMIT_SIGN_IN_PER_ACCOUNT, "sign_in", account)


def count_address(*, address: str) -> None:
    """Count a registration or sign-in against its address. Raises RateLimited."""
    limits.hit(settings.LIMIT_SIGN_IN_PER_ADDRESS, "address", rate_limit_key(address))
