"""The one way to post a message: idempotency, permission, quota, storage and events.

A repeat is recognized first and changes nothing (ADR 0037). A batch counts the quota before its
statement finds out about repeats, and takes it back for them.

Entry points make one call: `post_message` for one message, `post_messages` for many that arrive
together. Both refuse for the same reasons and publish the same events after the commit. ADRs
0023 and 0035 say why there are two, and what a message costs on either path.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from uuid import UUID

import structlog
from django.conf import settings
from django.db import Error
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from moderado.chat.errors import NoSuchRoom
from moderado.chat.events import AuthorsNotified, MessagesQueued, QueuedMessage
from moderado.chat.projection import waiting_view
from moderado.chat.services import batches, quota, repeats
from moderado.chat.services.inserts import store_message
from moderado.chat.services.repeats import Found
from moderado.chat.types import NewMessage, SendRequest, SendResult
from moderado.core import failpoints
from moderado.core.database import is_outage
from moderado.core.errors import ApplicationError, Invalid, RateLimited, Unavailable
from moderado.core.events import publish
from moderado.core.ids import new_id
from moderado.core.text import clean, normalized
from moderado.core.wire_limits import MAX_CLIENT_ID
from moderado.enforcement.selectors.restrictions import check_not_banned

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

    The first message in a public room makes its author a member. A repeat returns the first
    message, whatever has changed since, and has no effect.

    Args:
        author_id: The account that posts.
        room_id: The room. It costs no quota when the author may not read it.
        text: 1 to `MESSAGE_MAX_LENGTH` characters after trimming.
        client_id: The sender's own id of the message: 1 to 64 characters, unique for the author in
            the room.
        reply_to: A message of this room that the author may see.

    Raises:
        NoSuchRoom: There is no such room, or the author may not read it.
        NoSuchMessage: `reply_to` does not exist here, or the author may not see it.
        RateLimited: The author or the room has used up its quota; or a new account that of the
            rooms that it joins.
        Invalid: `text` or `client_id` cannot be stored.
        Conflict: `client_id` was used for another text, or a reply to another message.
        Restricted: A sanction of the author or a measure on the room refuses it.
    """
    request = SendRequest(
        author_id=author_id, room_id=room_id, text=text, client_id=client_id, reply_to=reply_to
    )
    draft = _unchecked(request)
    found = repeats.look_up([draft])[draft.id]
    if found.first is not None:
        return repeats.result_of_repeat(found, draft)
    # Before the quota: an account that may not read the room must not use up the room's quota.
    if not found.is_reader:
        check_not_banned(user_id=author_id, scope_id=room_id)
        raise NoSuchRoom
    quota.spend_message_quota(user_id=author_id, room_id=room_id)
    return _store(request)


def post_messages(requests: Sequence[SendRequest]) -> list[Outcome]:
    """Store many messages, those of the common case in one statement and one commit.

    The common case is a member who posts in a room of mode `pre`, without a reply and with a new
    `client_id`. Among all other requests, one query finds the repeats, and the rest is stored one
    by one. A request that fails does not affect the others.

    Args:
        requests: Posts to rooms that their authors may read: the quota is spent before the
            statement checks membership.

    Returns:
        One outcome for each request, in their order: a result, or the error that `post_message`
        raises for it. Unavailable where PostgreSQL could not be asked any more.
    """
    drafts: dict[int, NewMessage] = {}
    refused: dict[int, ApplicationError] = {}
    longest = settings.ENV.message_max_length
    refusals = quota.spend_message_quotas([(each.author_id, each.room_id) for each in requests])
    for index, request in enumerate(requests):
        if (refusal := refusals[index]) is not None:
            refused[index] = refusal
            continue
        try:
            drafts[index] = _checked(request, longest)
        except Invalid as error:
            refused[index] = error
    outcomes = _store_together(drafts, requests)
    if len(outcomes) < len(requests):
        drafts |= {index: _unchecked(requests[index]) for index in refused}
        others = {index: draft for index, draft in drafts.items() if index not in outcomes}
        outcomes |= _answer_others(others, requests, refused)
    return [outcomes[index] for index in range(len(requests))]


def _checked(request: SendRequest, longest: int) -> NewMessage:
    text = clean(request.text, max_length=longest, field="message")
    client_id = request.client_id
    if client_id is not None:
        cleaned = clean(client_id, max_length=MAX_CLIENT_ID, field="client_id")
        if cleaned != client_id:
            raise Invalid(fields={"client_id": _BAD_CLIENT_ID})
    return _draft(request, text)


def _unchecked(request: SendRequest) -> NewMessage:
    """Return a draft for the search for repeats: it may be what could not be stored now."""
    return _draft(request, normalized(request.text))


def _draft(request: SendRequest, text: str) -> NewMessage:
    return NewMessage(
        id=new_id(),
        room_id=request.room_id,
        author_id=request.author_id,
        client_id=request.client_id,
        hash=blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
        text=text,
        reply_to=request.reply_to,
    )


def _store_together(
    drafts: Mapping[int, NewMessage], requests: Sequence[SendRequest]
) -> dict[int, Outcome]:
    """Store the drafts of the common case, and publish that they wait. Others are absent."""
    indexes = {draft.id: i for i, draft in drafts.items() if draft.reply_to is None}
    try:
        stored = batches.insert_messages([drafts[index] for index in indexes.values()])
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("batch_failed", messages=len(indexes))
        return {}  # one of them is at fault: stored one by one, the others succeed
    outcomes: dict[int, Outcome] = {}
    queued = []
    for message_id, created_at, position, author in stored:
        index = indexes[message_id]
        view = waiting_view(drafts[index], created_at=created_at, position=position, author=author)
        outcomes[index] = SendResult(view, created=True)
        queued.append(QueuedMessage(view, requests[index].connection_id))
    if queued:
        publish(AuthorsNotified(queued=tuple(queued)))
        publish(MessagesQueued(message_ids=tuple(each.view.id for each in queued)))
        failpoints.reach("send.after_commit_before_ack")
    return outcomes


def _answer_others(
    drafts: Mapping[int, NewMessage],
    requests: Sequence[SendRequest],
    refused: dict[int, ApplicationError],
) -> dict[int, Outcome]:
    """Answer the repeats, then the refused requests, and store the other drafts one by one."""
    outcomes: dict[int, Outcome] = {}
    try:
        found = _found_repeats(drafts)
        for index, repeat in found.items():
            outcomes[index] = _outcome(repeats.result_of_repeat, repeat, drafts[index])
        if found:
            _return_quotas(found, requests, refused)
        for index in drafts:
            if index not in found:
                refusal = refused.get(index)
                outcomes[index] = refusal or _outcome(_store, requests[index])
    except Error as error:
        log.warning("database_unavailable", error=type(error).__name__)
    return {index: outcomes.get(index) or Unavailable() for index in drafts}


def _found_repeats(drafts: Mapping[int, NewMessage]) -> dict[int, Found]:
    named = {index: draft for index, draft in drafts.items() if draft.client_id is not None}
    found = repeats.look_up([*named.values()]) if named else {}
    return {index: found[draft.id] for index, draft in named.items() if found[draft.id].first}


def _return_quotas(
    found: Collection[int], requests: Sequence[SendRequest], refused: dict[int, ApplicationError]
) -> None:
    """Take back what the repeats used up, and count those again that were refused beside them."""
    counted = {index: refused.get(index) for index in found}
    quota.return_message_quotas(
        [(requests[index].author_id, requests[index].room_id) for index in counted],
        [error if isinstance(error, RateLimited) else None for error in counted.values()],
    )
    limited = [
        index
        for index, error in refused.items()
        if isinstance(error, RateLimited) and index not in found
    ]
    again = quota.spend_message_quotas(
        [(requests[index].author_id, requests[index].room_id) for index in limited]
    )
    for index, refusal in zip(limited, again, strict=True):
        if refusal is None:
            del refused[index]


def _store(request: SendRequest) -> SendResult:
    """Store one message whose quota is spent, or answer a repeat that came at the same moment."""
    draft = _checked(request, settings.ENV.message_max_length)
    try:
        quota.spend_implied_join(user_id=draft.author_id, room_id=draft.room_id)
        return store_message(draft)
    except ApplicationError:
        found = repeats.look_up([draft])[draft.id]
        if found.first is None:
            raise
        quota.return_message_quotas([(draft.author_id, draft.room_id)], [None])
        return repeats.result_of_repeat(found, draft)


def _outcome(action: Callable[..., SendResult], *values: object) -> Outcome:
    try:
        return action(*values)
    except Exception as error:
        if is_outage(error):
            raise
        return error
