"""The language of an answer: the same rule for pages, API, sockets and explanations.

1. The language that the account has chosen, in its profile or with the page's switch.
2. What the request asks for: the cookie of the page's switch, then `Accept-Language`.
3. The language of the account's last device, or without an account the server's default.

Pages read the cookie before the profile: the switch sets both, and an anonymous page has no
profile.
"""

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest, parse_cookie
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from moderado.core.https import cookie_name, is_protected

_HEADERS = {b"host": ",", b"cookie": "; ", b"accept-language": ","}  # and what joins repeated ones


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


def language_of_headers(
    headers: Iterable[tuple[bytes, bytes]], *, encrypted: bool = False
) -> str | None:
    """Return the supported language that the headers of a request ask for, or None.

    Args:
        headers: With names in lower case.
        encrypted: Whether the client connected by HTTPS or WSS, if that is known.
    """
    sent: dict[bytes, str] = {}
    for name, value in headers:
        if name in _HEADERS:
            earlier = f"{sent[name]}{_HEADERS[name]}" if name in sent else ""
            sent[name] = earlier + value.decode("latin-1")
    protected = is_protected(sent.get(b"host", ""), encrypted=encrypted)
    cookie = parse_cookie(sent.get(b"cookie", "")).get(
        cookie_name(settings.LANGUAGE_COOKIE_NAME, protected=protected)
    )
    return requested_language(cookie=cookie, accept_language=sent.get(b"accept-language"))


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
