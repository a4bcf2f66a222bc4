"""Where a sign-in comes from, as a Django request says it."""

from django.http import HttpRequest

from moderado.accounts.devices import COOKIE
from moderado.accounts.types import Origin
from moderado.core.addresses import address_of_request
from moderado.core.languages import language_of_request


def origin_of(request: HttpRequest, *, entry_point: str, device: str | None = None) -> Origin:
    """Return the origin of a sign-in.

    Args:
        entry_point: `rest`, `page` or `admin`.
        device: The device token of the body; the cookie counts otherwise.
    """
    return Origin(
        entry_point=entry_point,
        address=address_of_request(request.META),
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
        device=device or request.COOKIES.get(COOKIE),
        language=language_of_request(request),
    )
