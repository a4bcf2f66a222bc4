"""API keys, with which other systems use the judge.

A key has 256 random bits, so that one fast keyed digest protects it: a copy of the table alone
neither reveals a key nor lets anybody test a guess. The key itself is never stored or logged. It is
shown once, and again to a form that is sent twice: the key of a request with a `client_id` is
derived from its id by the server's key.
"""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import ApiKey
from moderado.accounts.services.client_keys import first_result
from moderado.accounts.types import KeyHolder, NewApiKey, Scope
from moderado.core import clock, text
from moderado.core.database import run_prepared
from moderado.core.errors import Invalid, NotFound
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.staff_actions import StaffActed

log = structlog.get_logger(__name__)

PREFIX = "mk_"
_DERIVED = "moderado.api_key.repeated"
NAME_LENGTH = 80
USE_INTERVAL = timedelta(minutes=1)  # the precision of `last_used_at`
_KEY_BYTES = 32
# As a prepared statement: for each request of other systems.
_FIND = """
    SELECT id, scopes, last_used_at FROM accounts_apikey
     WHERE digest = %s AND revoked_at IS NULL
"""
_HINT_LENGTH = 8  # of 46 characters; 228 bits stay secret


@transaction.atomic
def create_api_key(
    *, name: str, scopes: Collection[str], actor_id: UUID | None, client_id: str | None = None
) -> NewApiKey:
    """Create a key and return it with its secret, which cannot be read again.

    A repeat returns the first key.

    Args:
        name: The system that will use it.
        scopes: Values of `Scope`, at least one.
        actor_id: The member of staff; None for a command.
        client_id: The actor's own id of the key, for repeats.

    Raises:
        Conflict: `client_id` was used for another key.
        NotFound: The first key was revoked, or `SECRET_KEY` has changed since.
        Invalid: The name or a scope is not allowed.
    """
    key_id = new_id()
    first_id = first_result(
        owner_id=actor_id,
        kind="api_key",
        client_id=client_id,
        content=[name, sorted(scopes)],
        result_id=key_id,
    )
    if first_id is not None:
        return _shown_again(first_id)
    name = text.clean_line(name, max_length=NAME_LENGTH, field="name")
    unknown = set(scopes) - set(Scope)
    if unknown or not scopes:
        raise Invalid(fields={"scopes": _("Choose at least one of: judge, suggest.")})
    secret = secrets.token_bytes(_KEY_BYTES) if client_id is None else _derived(key_id)
    key = _written(secret)
    row = ApiKey.objects.create(
        id=key_id,
        name=name,
        scopes=sorted(set(scopes)),
        digest=_digest(key),
        hint=key[:_HINT_LENGTH],
        created_by_id=actor_id,
    )
    log.info("api_key_created", api_key_id=row.id, actor_id=actor_id)
    _audit(actor_id, "api_key_created", row.id)
    return _with_key(row, key)


@transaction.atomic
def revoke_api_key(*, api_key_id: UUID, actor_id: UUID | None) -> None:
    """End a key for all requests from now on. Raises NotFound, also for a revoked one."""
    revoked = ApiKey.objects.filter(id=api_key_id, revoked_at=None).update(
        revoked_at=clock.estimated(), revoked_by_id=actor_id
    )
    if not revoked:
        raise NotFound
    _audit(actor_id, "api_key_revoked", api_key_id)
    log.info("api_key_revoked", api_key_id=api_key_id, actor_id=actor_id)


def _shown_again(api_key_id: UUID) -> NewApiKey:
    row = ApiKey.objects.filter(pk=api_key_id, revoked_at=None).first()
    key = _written(_derived(api_key_id))
    if row is None or bytes(row.digest) != _digest(key):
        raise NotFound
    return _with_key(row, key)


def _with_key(row: ApiKey, key: str) -> NewApiKey:
    return NewApiKey(
        id=row.id,
        key=key,
        name=row.name,
        scopes=tuple(map(Scope, row.scopes)),
        created_at=row.created_at,
    )


def _written(secret: bytes) -> str:
    return PREFIX + urlsafe_b64encode(secret).rstrip(b"=").decode()


def _derived(api_key_id: UUID) -> bytes:
    return salted_hmac(_DERIVED, str(api_key_id), algorithm="sha256").digest()


def _audit(actor_id: UUID | None, action: str, api_key_id: UUID) -> None:
    publish(
        StaffActed(actor_id=actor_id, action=action, subject_type="api_key", subject_id=api_key_id)
    )


def use_api_key(key: str) -> KeyHolder | None:
    """Return whom a valid key stands for and record its use; None if it is not valid.

    Each request reads the row: a revoked key is refused by the next request in every process.
    """
    if not key.startswith(PREFIX):
        return None
    rows = run_prepared(_FIND, [_digest(key)])
    if not rows:
        return None
    key_id, scopes, last_used_at = rows[0]
    _record_use(key_id, last_used_at)
    return KeyHolder(id=key_id, scopes=frozenset(scopes))


def _record_use(key_id: UUID, last_used_at: datetime | None) -> None:
    now = clock.estimated()
    before = now - USE_INTERVAL
    if last_used_at is None or last_used_at <= before:
        due = Q(last_used_at=None) | Q(last_used_at__lte=before)
        ApiKey.objects.filter(due, id=key_id).update(last_used_at=now)


def _digest(key: str) -> bytes:
    secret = salted_hmac("moderado.accounts.api_keys", "key", algorithm="sha256").digest()
    return hashlib.blake2b(key.encode(errors="replace"), key=secret, digest_size=32).digest()
