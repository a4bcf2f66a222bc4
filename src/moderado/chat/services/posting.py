"""The one way to post a message: permission, quota, idempotency, storage and events.

Entry points make one call: `post_message` for one message, `post_messages` for many that arrive
together. Both refuse for the same reasons and publish the same events after the commit. ADRs
0023 and 0035 say why there are two, and what a message costs on either path.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from moderado.chat.events import AuthorsNotified, MessagesQueued, QueuedMessage
from moderado.chat.projection import waiting_view
from moderado.chat.selectors import rooms
from moderado.chat.services import batches, quota
from moderado.chat.services.inserts import result_of_repeat, store_message
from moderado.chat.types import NewMessage, SendRequest, SendResult
from moderado.core import failpoints
from moderado.core.database import is_outage
from moderado.core.errors import Invalid, Unavailable
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.text import clean
from moderado.core.wire_limits import MAX_CLIENT_ID

log = structlog.get_logger(__name__)

Outcome = SendResult | Exception

_BAD_CLIENT_ID = format_lazy(
    _("Use 1 to {limit} characters without spaces around."), limit=MAX_CLIENT_ID
)


def post_message(
    *,
    author_id: UUID,
    room_id: UUID,
    text: str,
    client_id: str | None = None,
    reply_to: UUID | None = None,
) -> SendResult:
    """Store one message. In a room of mode `pre` it is PENDING until it has been judged.

    The first message in a public room makes its author a member.

    Args:
        author_id: The account that posts.
        room_id: The room. It costs no quota when the author may not read it.
        text: 1 to `MESSAGE_MAX_LENGTH` characters after trimming.
        client_id: The sender's own id of the message: 1 to 64 characters, unique for the author in
            the room. The same id again, at any later time, returns the first message.
        reply_to: A message of this room that the author may see.

    Raises:
        NoSuchRoom: There is no such room, or the author may not read it.
        NoSuchMessage: `reply_to` does not exist here, or the author may not see it.
        RateLimited: The author or the room has used up its quota.
        Invalid: `text` or `client_id` cannot be stored.
        Conflict: `client_id` was used for another text.
    """
    # Before the quota: an account that may not read the room must not use up the room's quota.
    rooms.get_room(room_id=room_id, reader_id=author_id)
    quota.spend_message_quota(user_id=author_id, room_id=room_id)
    request = SendRequest(author_id=author_id, room_id=room_id, text=text, client_id=client_id)
    return store_message(_checked(request, settings.ENV.message_max_length), reply_to)


def post_messages(requests: Sequence[SendRequest]) -> list[Outcome]:
    """Store many messages, those of the common case in one statement and one commit.

    The common case is a member who posts in a room of mode `pre`, without a reply and with a new
    `client_id`. Repeats are found in one query; everything else is stored one by one. A request
    that fails does not affect the others.

    Args:
        requests: Posts to rooms that their authors may read: the quota is spent before the
            statement checks membership.

    Returns:
        One outcome for each request, in their order: a result, or the error that `post_message`
        raises for it. Unavailable where PostgreSQL could not be asked any more.
    """
    outcomes: dict[int, Outcome] = {}
    drafts: dict[int, NewMessage] = {}
    longest = settings.ENV.message_max_length
    refusals = quota.spend_message_quotas([(each.author_id, each.room_id) for each in requests])
    for index, request in enumerate(requests):
        if (refusal := refusals[index]) is not None:
            outcomes[index] = refusal
            continue
        try:
            drafts[index] = _checked(request, longest)
        except Invalid as error:
            outcomes[index] = error
    outcomes |= _store_together(drafts, requests)
    others = {index: draft for index, draft in drafts.items() if index not in outcomes}
    if others:
        outcomes |= _store_one_by_one(others, requests)
    return [outcomes[index] for index in range(len(requests))]


def _checked(request: SendRequest, longest: int) -> NewMessage:
    text = clean(request.text, max_length=longest, field="message")
    client_id = request.client_id
    if client_id is not None:
        cleaned = clean(client_id, max_length=MAX_CLIENT_ID, field="client_id")
        if cleaned != client_id:
            raise Invalid(fields={"client_id": _BAD_CLIENT_ID})
    return NewMessage(
        id=new_id(),
        created_at=datetime.now(UTC),
        room_id=request.room_id,
        author_id=request.author_id,
        client_id=client_id,
        hash=blake2b(text.encode(), digest_size=16).hexdigest(),
        text=text,
    )


def _store_together(
    drafts: Mapping[int, NewMessage], requests: Sequence[SendRequest]
) -> dict[int, Outcome]:
    """Store the drafts of the common case, and publish that they wait. Others are absent."""
    indexes = {draft.id: i for i, draft in drafts.items() if requests[i].reply_to is None}
    try:
        stored = batches.insert_messages([drafts[index] for index in indexes.values()])
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("batch_failed", messages=len(indexes))
        return {}  # one of them is at fault: stored one by one, the others succeed
    outcomes: dict[int, Outcome] = {}
    queued = []
    for message_id, position, author_name in stored:
        index = indexes[message_id]
        view = waiting_view(drafts[index], position=position, author_name=author_name)
        outcomes[index] = SendResult(view, created=True)
        queued.append(QueuedMessage(view, requests[index].connection_id))
    if queued:
        publish(AuthorsNotified(queued=tuple(queued)))
        publish(MessagesQueued(message_ids=tuple(each.view.id for each in queued)))
        failpoints.reach("send.after_commit_before_ack")
    return outcomes


def _store_one_by_one(
    drafts: Mapping[int, NewMessage], requests: Sequence[SendRequest]
) -> dict[int, Outcome]:
    """Answer the repeats, and store the other drafts, each in its own transaction."""
    outcomes: dict[int, Outcome] = {}
    try:
        first_messages = batches.find_first_messages([*drafts.values()])
        for index, draft in drafts.items():
            try:
                first = first_messages.get(draft.id)
                outcomes[index] = (
                    store_message(draft, requests[index].reply_to)
                    if first is None
                    else result_of_repeat(first, draft)
                )
            except Exception as error:
                if is_outage(error):
                    raise
                outcomes[index] = error
    except Error as error:
        log.warning("database_unavailable", error=type(error).__name__)
    return {index: outcomes.get(index) or Unavailable() for index in drafts}
