"""Sends of this process's sockets: what comes while a commit is under way shares the next one.

A commit costs the same for one message as for a hundred. Who comes alone is stored alone, at once;
where there is a crowd, a moment is waited for those who are about to come, unless enough are there.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.services import batches, messages
from moderado.chat.services.batches import SendRequest
from moderado.chat.services.messages import SendResult
from moderado.chat.types import MessageView
from moderado.core.errors import ApplicationError, Unavailable
from moderado.realtime.infra.background import Start
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.pubsub import fanout
from moderado.realtime.pubsub.subscriptions import LayerSubscriptions
from moderado.realtime.rooms.hub import Hub

log = structlog.get_logger(__name__)

BATCH_MAX = 100  # messages in one commit
BATCH_DELAY = 0.002  # seconds in which some more may come, after a commit that was shared
BATCH_TARGET = 16  # messages: so many need no more company
BATCH_TIMEOUT = 0.1  # seconds: a commit that takes longer does not hold up those behind it

Waiting = tuple[SendRequest, "asyncio.Future[SendResult | None]"]

post_messages = run_in_db_thread(batches.post_messages)
post_message = run_in_db_thread(messages.post_message)


class SendBatcher:
    """The sends of one hub."""

    def __init__(self, hub: Hub, subscriptions: LayerSubscriptions, *, start: Start) -> None:
        self._hub = hub
        self._subscriptions = subscriptions
        self._start = start
        self._waiting: deque[Waiting] = deque()
        self._is_at_work = False
        self._stores: set[asyncio.Task[None]] = set()  # or one that takes long may be collected

    async def post(self, asked: SendRequest) -> SendResult:
        """Spend the quota and store the message. Raises what `post_message` and the quota do."""
        answer: asyncio.Future[SendResult | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if not self._is_at_work:
            self._is_at_work = True
            self._start(self._work())
        posted = await answer
        if posted is not None:
            return posted
        return await post_message(
            author_id=asked.author_id,
            room_id=asked.room_id,
            text=asked.text,
            client_id=asked.client_id,
        )

    async def _work(self) -> None:
        is_crowded = False
        try:
            while self._waiting:
                if is_crowded and len(self._waiting) < BATCH_TARGET:
                    await asyncio.sleep(BATCH_DELAY)
                batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
                store = asyncio.create_task(self._store(batch), name="posting")
                self._stores.add(store)
                store.add_done_callback(self._stores.discard)
                await asyncio.wait({store}, timeout=BATCH_TIMEOUT)
                is_crowded = len(batch) > 1
        finally:
            self._is_at_work = False

    async def _store(self, batch: Sequence[Waiting]) -> None:
        asked = [each for each, _ in batch]
        outcomes: Sequence[SendResult | ApplicationError | None]
        try:
            outcomes = await post_messages(asked)
        except Unavailable:
            outcomes = [Unavailable() for _ in batch]
        except Exception:
            log.exception("batch_failed", messages=len(batch))
            outcomes = [None] * len(batch)  # one by one: one of them is to blame, not all
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                continue  # the client has left
            if isinstance(outcome, ApplicationError):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        await self._tell_others([each for each in outcomes if isinstance(each, SendResult)])

    async def _tell_others(self, posted: Sequence[SendResult]) -> None:
        """The authors' other sockets, here and elsewhere: those of most people are none."""
        if not posted:
            return
        elsewhere = await self._subscriptions.joined_elsewhere(
            {fanout.shard_of(each.view.author.id) for each in posted}
        )
        far: list[AuthorNotified] = []
        for view in (each.view for each in posted):
            if fanout.shard_of(view.author.id) in elsewhere:
                far.append(_told(view))
            elif len(self._hub.users.get(view.author.id, ())) > 1:
                self._hub.notify_author(fanout.author_note(_told(view)))
        fanout.on_author_notified(*far)  # comes back to this process, too


def _told(view: MessageView) -> AuthorNotified:
    return AuthorNotified(
        room_id=view.room, author_id=view.author.id, notice=Notice.QUEUED, view=view
    )
