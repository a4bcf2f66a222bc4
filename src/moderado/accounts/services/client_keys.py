"""Recognize a request to create something that was sent before, by the client's `client_id`.

For what is created by REST without an idempotency of its own: rooms, invitations, reports,
notices, policies, their versions, evaluations (ADR 0117), for edits of messages (ADR 0133), and for
acts that another act takes back (ADR 0137). A message has its `client_id` in its row.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

from moderado.accounts.models import ClientKey
from moderado.core.database import require_transaction, retry_on_deadlock
from moderado.core.errors import Conflict
from moderado.core.ids import new_id

Answer = TypeVar("Answer")


def first_result(
    *,
    owner_id: UUID | None,
    kind: str,
    client_id: str | None,
    content: Any,
    result_id: UUID,
) -> UUID | None:
    """Return what an earlier request with this `client_id` created, or record this request.

    Requires the transaction that creates the result: if that fails, the `client_id` is unused
    again. Call it before anything is validated, locked or counted. Concurrent requests with one
    `client_id` wait here for the first one.

    Args:
        owner_id: The account that sends the request; None without an account.
        kind: What is created; each kind has `client_id`s of its own.
        client_id: The client's own id of the result. None: the request is no repeat.
        content: What was asked for, as values that `str` or JSON represents exactly.
        result_id: The id that the result gets, unless the request is a repeat.

    Returns:
        The id of the first result; None if this is the first request.

    Raises:
        Conflict: The `client_id` was used for another content.
    """
    if client_id is None:
        return None
    require_transaction()
    asked = json.dumps(content, sort_keys=True, default=str)
    digest = _digest(owner_id, kind, client_id)
    # The `client_id`, which is not stored, salts the digest: names cannot be guessed from it.
    content_digest = _digest(owner_id, kind, client_id, asked)
    new = ClientKey(
        digest=digest, content_digest=content_digest, owner_id=owner_id, result_id=result_id
    )
    ClientKey.objects.bulk_create([new], ignore_conflicts=True)
    stored = ClientKey.objects.get(digest=digest)
    if stored.id == new.id:
        return None
    if bytes(stored.content_digest) != content_digest:
        raise Conflict
    return stored.result_id


def is_known(*, owner_id: UUID | None, kind: str, client_id: str | None) -> bool:
    """Tell whether a request with this `client_id` has created something: a repeat uses no quota.

    The arguments are those of `first_result`.
    """
    if client_id is None:
        return False
    return ClientKey.objects.filter(digest=_digest(owner_id, kind, client_id)).exists()


def name_result(
    *, owner_id: UUID | None, kind: str, client_id: str | None, result_id: UUID
) -> None:
    """Store the id of what a recorded request created, if it was not known before.

    Requires the transaction of the request.
    """
    require_transaction()
    if client_id is not None:
        digest = _digest(owner_id, kind, client_id)
        ClientKey.objects.filter(digest=digest).update(result_id=result_id)


@retry_on_deadlock
@transaction.atomic
def once(  # noqa: PLR0913  (what names a request)
    act: Callable[[], Answer],
    *,
    present: Callable[[UUID], Answer],
    result_of: Callable[[Answer], UUID | None],
    owner_id: UUID,
    kind: str,
    client_id: str,
    content: Any,
) -> Answer:
    """Act, unless a request with this `client_id` has acted before, whatever came since.

    Args:
        act: Services in one transaction. If it fails, the `client_id` is unused again.
        present: Answers a repeat, by the id of what the first request made.
        result_of: Returns that id from the answer of `act`; None if it made nothing.
        owner_id: The account that acts.
        kind: What is done.
        client_id: The client's own id of the request.
        content: What was asked for.

    Raises:
        Conflict: The `client_id` was used for another content.
    """
    key: dict[str, Any] = {"owner_id": owner_id, "kind": kind, "client_id": client_id}
    first_id = first_result(**key, content=content, result_id=new_id())
    if first_id is not None:
        return present(first_id)
    answer = act()
    if (made := result_of(answer)) is not None:
        name_result(**key, result_id=made)
    return answer


def _digest(*parts: object) -> bytes:
    written = json.dumps([str(part) for part in parts])
    return hashlib.sha256(written.encode()).digest()
