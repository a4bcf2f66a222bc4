"""Authenticates connections: credentials of the handshake, and the origin of the page.

A browser sends cookies with any page's WebSocket handshake. The session cookie therefore counts for
pages of this site only, and other origins must be allowed by the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, Morsel, SimpleCookie
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.http.request import validate_host

from moderado.accounts import selectors
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.services import sessions
from moderado.accounts.services.sessions import principal_of_access_token
from moderado.accounts.services.tickets import redeem_ticket
from moderado.accounts.types import SESSION_KEY, Principal
from moderado.chat.selectors.own_changes import OwnStart, own_start
from moderado.core.addresses import address_of_scope, port_of_scope
from moderado.core.https import cookie_name, is_protected
from moderado.core.languages import language_of_headers
from moderado.enforcement.services.access_records import record_access
from moderado.realtime.infra.db_calls import run_in_db_thread

MAX_HELD = 100  # messages whose ruling a new connection awaits, the newest ones

_PORTS = {"http": 80, "https": 443}

Scope = Mapping[str, Any]
Origin = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Handshake:
    """The credentials that a client presents when it connects."""

    ticket: str | None
    token: str | None
    cookie: str | None  # None for pages of another origin


def is_foreign(scope: Scope) -> bool:
    """Whether a page of a foreign origin connects.

    Scheme, host and port must equal this site's or those of an allowed origin. A client without an
    Origin header is no browser, and is not foreign; its cookie does not count.
    """
    sent = _header(scope, b"origin")
    if sent is None:
        return False
    origin = _parsed(sent)
    allowed = {_parsed(listed) for listed in settings.ENV.allowed_origins}
    return origin is None or (origin != _own_origin(scope) and origin not in allowed)


def handshake_of(scope: Scope) -> Handshake:
    """Read the credentials of the handshake."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=32)
    return Handshake(
        ticket=query.get("ticket", [None])[0],
        token=query.get("token", [None])[0],
        cookie=_session_cookie(scope),
    )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A client whose credential is valid, and what its connection starts with."""

    principal: Principal
    start: OwnStart


def _sign_in_by_handshake(handshake: Handshake) -> SignedIn | None:
    """Authenticate by the first credential present, of ticket, token and cookie.

    Returns:
        None without a credential: the first frame must authenticate.

    Raises:
        NotAuthenticated: The ticket or token is not valid.
        Unavailable: The ticket cannot be checked, since Redis or PostgreSQL does not answer.
    """
    if handshake.ticket is not None:
        return _signed_in(redeem_ticket(ticket=handshake.ticket))
    if handshake.token is not None:
        return _sign_in_by_token(token=handshake.token)
    if handshake.cookie is not None:
        principal = _principal_of_cookie(handshake.cookie)
        return None if principal is None else _signed_in(principal)
    return None


def _sign_in_by_token(*, token: str) -> SignedIn:
    return _signed_in(principal_of_access_token(token=token))


def _signed_in(principal: Principal) -> SignedIn:
    """Read all in the same call: one more would cost a third of a handshake's CPU."""
    return SignedIn(principal, own_start(user_id=principal.user_id, held=MAX_HELD))


def _principal_of_cookie(session_key: str) -> Principal | None:
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    session_id = store.get(SESSION_KEY)
    if not session_id:
        return None
    try:
        return selectors.principal_of_session(UUID(str(session_id)))
    except (NotAuthenticated, ValueError):
        return None  # logged out: the first frame may still authenticate


sign_in_by_handshake = run_in_db_thread(_sign_in_by_handshake)
sign_in_by_token = run_in_db_thread(_sign_in_by_token)


def _record_access_of(scope: Scope, user_id: UUID) -> None:
    """Record from where a socket was opened (`services.access_records`)."""
    record_access(user_id=user_id, address=address_of_scope(scope), port=port_of_scope(scope))


record_access_of = run_in_db_thread(_record_access_of)
follow_device = run_in_db_thread(sessions.follow_device)


def language_of_handshake(scope: Scope) -> str | None:
    """Return the supported language that the handshake asks for, or None."""
    return language_of_headers(scope.get("headers", ()), encrypted=scope.get("scheme") == "wss")


def _session_cookie(scope: Scope) -> str | None:
    sent = _header(scope, b"origin")
    if sent is None or _parsed(sent) is None or _parsed(sent) != _own_origin(scope):
        return None
    try:
        morsel = _cookie(scope, settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return morsel.value if morsel is not None and morsel.value else None


def _cookie(scope: Scope, name: str) -> "Morsel[str] | None":
    """Return the cookie, which has a prefix on a protected host. Raises CookieError."""
    protected = is_protected(_header(scope, b"host") or "", encrypted=scope.get("scheme") == "wss")
    cookies = SimpleCookie(_header(scope, b"cookie") or "")
    return cookies.get(cookie_name(name, protected=protected))


def _own_origin(scope: Scope) -> Origin | None:
    """The origin that the client has connected to, if its host is one of ALLOWED_HOSTS."""
    scheme = "https" if scope.get("scheme") == "wss" else "http"
    own = _parsed(f"{scheme}://{_header(scope, b'host') or ''}")
    if own is None or not validate_host(own[1], settings.ALLOWED_HOSTS):
        return None
    return own


def _parsed(text: str) -> Origin | None:
    """Parse exactly `scheme://host[:port]`. None for anything else."""
    try:
        parts = urlsplit(text.lower())
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    exact = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in _PORTS or not parts.hostname or port is None or not exact:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return parts.scheme, host, port


def _header(scope: Scope, name: bytes) -> str | None:
    """The header's value. None when it is absent; "" when it is repeated, which allows nothing."""
    values = [value for header, value in scope.get("headers", ()) if header.lower() == name]
    if len(values) > 1 and name != b"cookie":
        return ""
    return "; ".join(value.decode("latin-1") for value in values) if values else None
