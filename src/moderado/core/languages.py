"""The language of an answer: the same rule for pages, API, sockets and explanations.

1. The language that the account has chosen, in its profile or with the page's switch.
2. What the request asks for: the cookie of the page's switch, then `Accept-Language`.
3. The language of the account's last sign-in, or without an account the server's default.

Pages read the cookie before the profile: the switch sets both, and an anonymous page has no
profile.
"""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header


def requested_language(*, cookie: str | None, accept_language: str | None) -> str | None:
    """Return the supported language that a request asks for, or None if it asks for none.

    Args:
        cookie: The value of the language cookie.
        accept_language: The header.
    """
    if cookie and (language := supported_language(cookie)):
        return language
    for wanted, quality in parse_accept_lang_header((accept_language or "")[:500].lower()):
        if wanted == "*":
            break
        if quality and (language := supported_language(wanted)):
            return language
    return None


def language_of_request(request: HttpRequest) -> str | None:
    """Return the supported language that a request asks for, or None if it asks for none."""
    return requested_language(
        cookie=request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME),
        accept_language=request.META.get("HTTP_ACCEPT_LANGUAGE"),
    )


def answer_language(*, account: str, is_chosen: bool, requested: str | None) -> str:
    """Return the language of an answer to an account.

    Args:
        account: The language of the account.
        is_chosen: Whether the account has chosen it.
        requested: What the request asks for.
    """
    return account if is_chosen or requested is None else requested


def supported_language(code: str) -> str | None:
    """Return the language of the server that `code` means, or None.

    Only its results may be activated: Django keeps a catalogue of each code that it has seen.
    """
    try:
        return get_supported_language_variant(code)
    except LookupError:
        return None
