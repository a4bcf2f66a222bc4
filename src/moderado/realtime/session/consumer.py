"""One connected client: who it is, its frames one after the other, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import structlog
from channels.consumer import AsyncConsumer

from moderado.accounts.types import Principal
from moderado.chat.errors import NoSuchRoom
from moderado.core import metrics
from moderado.core.addresses import address_of_scope
from moderado.core.errors import ApplicationError, RateLimited, Unavailable
from moderado.core.wire_limits import AUTHENTICATION_SECONDS
from moderado.realtime.rooms.hub import Hub, hub
from moderado.realtime.session import auth
from moderado.realtime.session.commands import Commands, greeting
from moderado.realtime.session.throttle import ErrorBudget, TokenBucket
from moderado.realtime.transport.outbox import Socket
from moderado.realtime.wire import decode, errors, protocol
from moderado.realtime.wire.close_codes import CloseCode

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = structlog.get_logger(__name__)

REFUSALS_A_MINUTE = 2_000  # of frames, before the connection is closed
FAILURES_A_MINUTE = 20  # of ours
NOWHERE = UUID(int=0)  # no room has this id


class ChatConsumer(AsyncConsumer):
    """`/ws/chat/` and `/ws/chat/{room_id}/`.

    Of Channels' consumer only the calling convention is kept: frames are read in this task and
    written by the socket's own, with no thread hop and no channel of its own; the hub has one.
    """

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        if auth.is_foreign(scope):
            metrics.REFUSED.labels(door="ws", code="foreign_origin").inc()
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        await send({"type": "websocket.accept"})
        transport = scope.get("extensions", {}).get("moderado.transport")
        conversation = Conversation(scope, receive, Socket(send, transport=transport))
        if transport is not None:
            transport.before_leaving = conversation.finish
        await conversation.run()


class Conversation:
    """What is said on one socket, from its first frame to its last."""

    def __init__(self, scope: Message, receive: Receive, socket: Socket) -> None:
        loop = asyncio.get_running_loop()
        self._scope = scope
        self._receive = receive
        self._socket = socket
        self._hub: Hub = hub()
        self._now = loop.time
        self._bucket = TokenBucket.for_frames(loop.time())
        self._refusals = ErrorBudget(limit=REFUSALS_A_MINUTE)
        self._failures = ErrorBudget(limit=FAILURES_A_MINUTE)
        self._reader: asyncio.Task[None] | None = None
        self._is_idle = True
        self._is_leaving = False

    async def run(self) -> None:
        """Until the client leaves or is closed."""
        metrics.SOCKETS.inc()
        with structlog.contextvars.bound_contextvars(connection_id=self._socket.id):
            self._reader = asyncio.create_task(self._read())
            self._socket.start(self._stop_reading)
            try:
                await asyncio.wait({self._reader})
                if not self._reader.cancelled() and (error := self._reader.exception()):
                    log.error("conversation_failed", exc_info=error)
            finally:
                metrics.SOCKETS.dec()
                await self._end()

    async def finish(self) -> None:
        """The server goes away: carry out what was begun, and nothing new."""
        self._is_leaving = True
        while not self._is_idle:  # noqa: ASYNC110  (once in a process's life: simpler than an event)
            await asyncio.sleep(0.01)
        await self._socket.drained()

    def _stop_reading(self) -> None:
        """The last frame is written: a frame in work is finished, another is not read."""
        if self._is_idle and self._reader is not None:
            self._reader.cancel()

    async def _end(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        self._hub.exit(self._socket)
        self._socket.closed()
        await self._hub.connections.release(self._socket.id)
        log.info("socket_closed", code=self._socket.closing)

    async def _read(self) -> None:
        try:
            commands = await self._begin()
        except ApplicationError as error:
            self._refuse_connection(error)
            return await self._wait_for_the_end()
        if commands is not None:
            while self._socket.closing is None:
                await self._socket.wait_writable()
                message = await self._next()
                if message["type"] == "websocket.disconnect":
                    return None
                await self._answer(commands, message)
        return await self._wait_for_the_end()

    async def _next(self) -> Message:
        self._is_idle = True
        message = await self._receive()
        self._is_idle = False
        return message

    async def _wait_for_the_end(self) -> None:
        """Read on, and answer nothing, until the closing is written or the client has left."""
        while (await self._next())["type"] != "websocket.disconnect":
            pass

    async def _begin(self) -> Commands | None:
        """Sign the client in, and let it listen to the room it came for. None: it was refused."""
        if not await self._hub.connections.admit_address(
            self._socket.id, address_of_scope(self._scope)
        ):
            self._close(CloseCode.TOO_MANY_CONNECTIONS)
            return None
        principal = await auth.principal_of_handshake(auth.handshake_of(self._scope))
        principal = principal or await self._principal_of_first_frame()
        if principal is None:
            self._close(CloseCode.NOT_AUTHENTICATED)
            return None
        self._socket.principal = principal
        if not await self._hub.connections.admit_user(self._socket.id, principal.user_id):
            self._close(CloseCode.TOO_MANY_CONNECTIONS)
            return None
        commands = Commands(self._hub, self._socket, principal, self._now)
        await self._hub.enter(self._socket, principal)
        await self._greet(commands, principal)
        log.info("socket_opened", user_id=str(principal.user_id))
        return commands

    async def _greet(self, commands: Commands, principal: Principal) -> None:
        wanted = self._scope.get("url_route", {}).get("kwargs", {}).get("room_id")
        if wanted is None:
            self._socket.reply(greeting(principal))
            return
        try:
            self._socket.only_room = UUID(wanted)
        except ValueError:
            self._socket.only_room = NOWHERE  # looked for as any other, and not found
        await commands.enter_room(self._socket.only_room)

    async def _principal_of_first_frame(self) -> Principal | None:
        try:
            async with asyncio.timeout(AUTHENTICATION_SECONDS):
                message = await self._next()
        except TimeoutError:
            return None
        frame = decode.parse(message.get("text"))
        if not isinstance(frame, protocol.Authenticate):
            return None
        return await auth.principal_of_token(token=frame.token)

    def _close(self, code: CloseCode) -> None:
        self._socket.close(code, errors.closing_error(code, self._socket.principal))

    def _refuse_connection(self, error: ApplicationError) -> None:
        """Why nothing came of it; what may pass by itself closes as `going away`: come again."""
        frame = errors.error_of(error, self._socket.principal)
        code = CloseCode.NOT_AUTHENTICATED
        if isinstance(error, NoSuchRoom):
            code = CloseCode.NO_SUCH_ROOM
        elif isinstance(error, Unavailable | RateLimited):
            code = CloseCode.SERVICE_RESTART
        self._socket.close(code, frame)

    async def _answer(self, commands: Commands, message: Message) -> None:
        """Carry out one frame. Whatever is wrong with it, or with us, is one `error`."""
        frame = decode.parse(message.get("text"))
        principal = self._socket.principal
        if (wait := self._bucket.take(self._now())) > 0:
            named = frame if isinstance(frame, protocol.ClientFrame) else None
            self._refuse(errors.error_of(RateLimited(retry_after=wait), principal, named))
        elif isinstance(frame, decode.Refusal):
            self._refuse(errors.refusal(frame, principal))
        elif self._is_leaving:
            self._refuse(errors.error_of(errors.GoingAway(), principal, frame))
        else:
            await self._carry_out(commands, frame)

    async def _carry_out(self, commands: Commands, frame: protocol.AnyClientFrame) -> None:
        principal = self._socket.principal
        try:
            await commands.carry_out(frame)
        except ApplicationError as error:
            self._refuse(errors.error_of(error, principal, frame))
        except Exception:
            error_id = str(uuid4())  # the log shows whole ids only
            log.exception("frame_failed", error_id=error_id, frame=type(frame).__name__)
            self._socket.reply(errors.unexpected_error(error_id, principal, frame))
            if self._failures.add(self._now()):
                self._close(CloseCode.INTERNAL_ERROR)

    def _refuse(self, error: protocol.Error) -> None:
        self._socket.reply(error)
        if self._refusals.add(self._now()):
            self._close(CloseCode.FLOODING)
