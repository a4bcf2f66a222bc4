"""WebSocket tickets: valid once, for 30 seconds. They keep longer-lived tokens out of URLs."""

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
    """Issue a ticket for the principal's session.

    Redis stores a hash and a signature of the owner: read access to Redis does not reveal tickets,
    and write access cannot forge them.

    Raises:
        Unavailable: Redis is unreachable.
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
    """Return the principal of `ticket`, which is used up by this call.

    Raises:
        NotAuthenticated: Unknown, used or expired ticket, or its session has ended.
        Unavailable: Redis is unreachable.
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
