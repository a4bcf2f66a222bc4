"""Tickets: one use, half a minute, one WebSocket. They spare the URL a token that lasts."""

import secrets
from hashlib import sha256
from uuid import UUID

import structlog
from django.core.signing import BadSignature, Signer

from moderado.accounts import selectors
from moderado.accounts.errors import NotAuthenticated
from moderado.accounts.types import Principal, Ticket
from moderado.core import redis
from moderado.core.errors import Unavailable

log = structlog.get_logger(__name__)

SECONDS = 30


def issue_ticket(*, principal: Principal) -> Ticket:
    """A ticket of the principal's session. Raises Unavailable while Redis is away.

    Redis keeps its hash only, and the owner signed for it: who reads Redis cannot use a ticket,
    and who writes there cannot make one.
    """
    ticket = secrets.token_urlsafe(32)
    key = _key(ticket)
    owner = f"{principal.user_id}:{principal.session_id}"
    try:
        redis.client().set(key, Signer(salt=key).sign(owner), ex=SECONDS, nx=True)
    except redis.RedisError as error:
        log.warning("ticket_not_issued", error=type(error).__name__)
        raise Unavailable from error
    return Ticket(ticket=ticket, expires_in=SECONDS)


def redeem_ticket(*, ticket: str) -> Principal:
    """Who may enter with `ticket`, which is used up by asking.

    Raises NotAuthenticated: unknown, used, expired, or its session has ended; Unavailable while
    Redis is away.
    """
    key = _key(ticket)
    try:
        kept = redis.client().getdel(key)
    except redis.RedisError as error:
        log.warning("ticket_not_redeemed", error=type(error).__name__)
        raise Unavailable from error
    if not isinstance(kept, str):
        raise NotAuthenticated
    try:
        user_id, _, session_id = Signer(salt=key).unsign(kept).partition(":")
    except BadSignature:
        raise NotAuthenticated from None
    principal = selectors.principal_of_session(UUID(session_id))
    if principal.user_id != UUID(user_id):
        raise NotAuthenticated
    return principal


def _key(ticket: str) -> str:
    digest = sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
    return f"moderado:ticket:{digest}"
