"""One client session: authentication, its frames, and its end.

Frames are read in one task and written by the outbox's own, without a thread. New messages are
executed one at a time, and so are all other frames beside them (`frame_queue`). The session has no
channel in the channel layer: the node has one for all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import structlog
from channels.consumer import AsyncConsumer
from django.conf import settings

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.chat.views import OwnCursor
from moderado.core import metrics
from moderado.core.addresses import address_of_scope
from moderado.core.errors import ApplicationError, RateLimited, Unavailable
from moderado.core.languages import answer_language
from moderado.core.limits import watched
from moderado.realtime import node
from moderado.realtime.rooms.connection import Connection
from moderado.realtime.session import auth, quota
from moderado.realtime.session.commands import Commands
from moderado.realtime.session.frame_queue import FrameQueue, ReadFrame
from moderado.realtime.session.replies import greeting
from moderado.realtime.session.throttle import ErrorBudget, new_frame_bucket
from moderado.realtime.transport.outbox import Outbox
from moderado.realtime.wire import decode, errors, protocol
from moderado.realtime.wire.close_codes import ABNORMAL_CLOSURE, CloseCode

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = structlog.get_logger(__name__)

MAX_REFUSALS = 2_000  # refused frames a minute, before the connection is closed
MAX_FAILURES = 20  # errors of the server a minute
NO_ROOM = UUID(int=0)  # no room has this id


class ChatConsumer(AsyncConsumer):
    """`/ws/chat/` and `/ws/chat/{room_id}/`. Only the calling convention is that of Channels."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if auth.is_foreign(scope):
            metrics.REFUSED.labels(entry_point="ws", code="foreign_origin").inc()
            await send({"type": "websocket.close"})  # before it is accepted: HTTP 403
            return
        await send({"type": "websocket.accept"})
        here = node.current()
        transport = scope.get("extensions", {}).get("moderado.transport")
        outbox = Outbox(
            send,
            transport=transport,
            close_grace=here.timing.close_grace,
            stall_seconds=here.timing.stall,
        )
        session = ClientSession(scope, receive, Connection(outbox), here)
        if transport is not None:
            transport.before_leaving = session.finish
        await session.run()


class ClientSession:
    """The frames of one connection, from the first to the last."""

    def __init__(
        self, scope: Message, receive: Receive, connection: Connection, here: node.Node
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._connection = connection
        self._node = here
        self._now = asyncio.get_running_loop().time
        self._bucket = new_frame_bucket(self._now())
        self._refusals = ErrorBudget(limit=MAX_REFUSALS)
        self._failures = ErrorBudget(limit=MAX_FAILURES)
        self._reader: asyncio.Task[None] | None = None
        self._queue: FrameQueue | None = None  # once the client is authenticated
        self._is_reading = True
        self._is_leaving = False
        self._left_with = ABNORMAL_CLOSURE  # the client's close code

    async def run(self) -> None:
        """Serve the client until it disconnects or is closed."""
        metrics.SOCKETS.inc()
        with structlog.contextvars.bound_contextvars(connection_id=self._connection.id):
            self._reader = asyncio.create_task(self._read())
            self._connection.start(self._stop_reading)
            try:
                await asyncio.wait({self._reader})
                if not self._reader.cancelled() and (error := self._reader.exception()):
                    log.error("session_failed", exc_info=error)
            finally:
                metrics.SOCKETS.dec()
                await self._clean_up()

    async def finish(self) -> None:
        """Complete the frames in work and write their answers: the server is shutting down."""
        self._is_leaving = True
        while not self._is_idle:  # noqa: ASYNC110  (once in a process's life: simpler than an event)
            await asyncio.sleep(0.01)
        await self._connection.outbox.drained()

    @property
    def _is_idle(self) -> bool:
        return self._is_reading and (self._queue is None or self._queue.is_idle)

    def _stop_reading(self) -> None:
        """Stop after the last write. Frames in work are completed first."""
        if self._is_reading and self._reader is not None:
            self._reader.cancel()

    async def _clean_up(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        if self._queue is not None:
            await self._queue.finished()
            self._queue = None  # its function belongs to this session: a reference cycle
        self._node.hub.remove(self._connection)
        self._connection.outbox.closed(self._left_with)
        await self._node.connection_limits.release(self._connection.id)
        log.info("socket_closed", code=self._connection.closing)

    async def _read(self) -> None:
        try:
            commands = await self._open()
        except ApplicationError as error:
            self._refuse_connection(error)
            return await self._discard_until_disconnect()
        if commands is not None and await self._serve(commands):
            return None
        return await self._discard_until_disconnect()

    async def _serve(self, commands: Commands) -> bool:
        """Execute frames. Returns whether the client has left; else the connection is closing."""
        outbox = self._connection.outbox
        self._queue = queue = FrameQueue(outbox, partial(self._execute, commands))
        while outbox.closing is None:
            await outbox.wait_writable()
            message = await self._next()
            if message["type"] == "websocket.disconnect":
                await queue.finished()  # what was sent before it left
                return True
            frame = self._admitted(message)
            if isinstance(frame, protocol.Ping):
                await queue.finished()  # whatever was sent before it is answered before it
            if isinstance(frame, protocol.ChatMessage | protocol.Ping):
                await self._execute(commands, frame)
            elif frame is not None:
                await queue.add(frame)
        return False

    async def _next(self) -> Message:
        self._is_reading = True
        message = await self._receive()
        self._is_reading = False
        if message["type"] == "websocket.disconnect":
            self._left_with = message.get("code", ABNORMAL_CLOSURE)
        return message

    async def _discard_until_disconnect(self) -> None:
        """Ignore what the client sends until it has received the close frame, or has left."""
        while (await self._next())["type"] != "websocket.disconnect":
            pass

    async def _open(self) -> Commands | None:
        """Authenticate the client and greet it. None: the connection is being closed."""
        connection, limits = self._connection, self._node.connection_limits
        requested = auth.language_of_handshake(self._scope)
        connection.language = requested or settings.LANGUAGE_CODE
        address = address_of_scope(self._scope)
        quota.spend_handshake_of_address(address)
        if not await limits.admit_address(connection.id, address):
            self._close(CloseCode.TOO_MANY_CONNECTIONS)
            return None
        signed_in = await auth.sign_in_by_handshake(auth.handshake_of(self._scope))
        signed_in = signed_in or await self._sign_in_by_first_frame()
        if signed_in is None:
            self._close(CloseCode.NOT_AUTHENTICATED)
            return None
        principal = signed_in.principal
        language = answer_language(
            account=principal.language, is_chosen=principal.language_chosen, requested=requested
        )
        if language != principal.language:
            await auth.follow_device(user_id=principal.user_id, language=language)
            principal = replace(principal, language=language)
        connection.authenticate(principal)
        connection.hidden = signed_in.start.hidden
        for message_id, revision in reversed(signed_in.start.held):
            connection.notices.await_ruling(message_id, revision)
        if settings.ACCESS_RECORDS:
            await auth.record_access_of(self._scope, principal.user_id)
        quota.spend_handshake_of_account(str(principal.user_id))
        if not await limits.admit_user(connection.id, principal.user_id):
            self._close(CloseCode.TOO_MANY_CONNECTIONS)
            return None
        commands = Commands(self._node, connection, principal)
        await self._node.hub.add(connection, principal)
        await self._greet(commands, principal, signed_in.start.me)
        connection.greeted()
        log.info("socket_opened", user_id=str(principal.user_id))
        return commands

    async def _greet(self, commands: Commands, principal: Principal, me: OwnCursor) -> None:
        room_id = self._scope.get("url_route", {}).get("kwargs", {}).get("room_id")
        if room_id is None:
            self._connection.reply(greeting(principal, me))
            return
        try:
            self._connection.only_room = UUID(room_id)
        except ValueError:
            self._connection.only_room = NO_ROOM  # takes as long as any id that is not found
        await commands.enter_room(self._connection.only_room, me)

    async def _sign_in_by_first_frame(self) -> auth.SignedIn | None:
        try:
            async with asyncio.timeout(self._node.timing.authentication):
                message = await self._next()
        except TimeoutError:
            return None
        frame = decode.decode_frame(message.get("text"))
        if not isinstance(frame, protocol.Authenticate):
            return None
        return await auth.sign_in_by_token(token=frame.token)

    def _close(self, code: CloseCode) -> None:
        self._connection.close(code, errors.closing_error(code, self._connection.language))

    def _refuse_connection(self, error: ApplicationError) -> None:
        """Close with the reason. Errors that may pass close with 1012: the client reconnects."""
        frame = errors.error_frame(error, self._connection.language)
        code = CloseCode.NOT_AUTHENTICATED
        if isinstance(error, NoSuchRoom):
            code = CloseCode.NO_SUCH_ROOM
        elif isinstance(error, Unavailable | RateLimited):
            code = CloseCode.SERVICE_RESTART
        self._connection.close(code, frame)

    def _admitted(self, message: Message) -> ReadFrame | None:
        """Return the frame of a message, or refuse it with one `error` frame: too many came."""
        frame = decode.decode_frame(message.get("text"))
        language = self._connection.language
        if (wait := self._bucket.take(self._now())) > 0:
            named = frame if isinstance(frame, protocol.ClientFrame) else None
            self._refuse(errors.error_frame(RateLimited(retry_after=wait), language, named))
            return None
        return frame

    async def _execute(self, commands: Commands, frame: ReadFrame) -> None:
        """Execute one frame. Any failure, the client's or the server's, is one `error` frame."""
        if isinstance(frame, decode.BadFrame):
            self._refuse(errors.bad_frame_error(frame, self._connection.language))
            return
        if self._is_leaving:
            self._refuse(errors.error_frame(errors.GoingAway(), self._connection.language, frame))
            return
        account = str(commands.user_id)
        with watched() as watch:
            await self._try_to_execute(commands, frame, account)
        if not watch.has_counted:
            quota.spend_uncounted(frame, account=account)

    async def _try_to_execute(
        self, commands: Commands, frame: protocol.AnyClientFrame, account: str
    ) -> None:
        language = self._connection.language
        try:
            quota.spend_frame(frame, account=account)
            await commands.execute(frame)
        except ApplicationError as error:
            self._refuse(errors.error_frame(error, language, frame))
        except Exception:
            error_id = str(uuid4())  # the log shows whole ids only
            log.exception("frame_failed", error_id=error_id, frame=type(frame).__name__)
            self._connection.reply(errors.internal_error(error_id, language, frame))
            if self._failures.spend(self._now()):
                self._close(CloseCode.INTERNAL_ERROR)

    def _refuse(self, error: protocol.Error) -> None:
        self._connection.reply(error)
        if self._refusals.spend(self._now()):
            self._close(CloseCode.FLOODING)
