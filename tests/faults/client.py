"""A client that follows the contract and records everything it sends and receives.

It resends until it gets an answer, reconnects after every loss of its socket, and resumes after
the last change that it knows.
"""

import asyncio
import base64
import contextlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from httpx import codes
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.faults.own import OwnState
from tests.faults.pace import Pace

Frame = dict[str, Any]

TIMEOUT = 10.0  # seconds for one request, and for opening a socket
ANSWER = 3.0  # seconds until an unanswered send is repeated
RETRY = (0.05, 0.6)  # seconds between reconnects: full jitter, shorter than in a browser
EARLY = 60.0  # seconds before its end that an access token is exchanged
FOLLOW = (0.3, 1.0)  # seconds between two readings of own changes by REST
MOST_PENDING = 100  # client_ids in one sync
FINAL = {
    *("conflict", "invalid", "forbidden", "not_a_member", "no_such_room", "no_such_message"),
    *("muted", "banned"),
}

_TOLD = {
    "REJECTED": "message_rejected",
    "HELD": "message_held",
    "APPROVED": "chat_message",
    "REMOVED": "taken_back",
}
_REFUSED = {"REJECTED", "HELD"}
_ENDS = {"message_rejected", "message_held", "taken_back"}


@dataclass(slots=True)
class Send:
    """One message as its author sees it: the send and every answer to it."""

    room: str
    text: str
    client_id: str
    invoked: float
    tries: int = 0
    acknowledged: float | None = None
    tried: float = 0.0  # time of the last try
    id: str | None = None
    is_shown_at_once: bool = False  # by its first answer
    refused: str | None = None  # code of a permanent refusal
    errors: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # frame types that the author received, in order
    answered_ids: set[str] = field(default_factory=set)

    @property
    def waited(self) -> float | None:
        """Return the seconds from the last try to its acknowledgement."""
        return None if self.acknowledged is None else self.acknowledged - self.tried

    @property
    def is_over(self) -> bool:
        return self.acknowledged is not None or self.refused is not None

    @property
    def is_settled(self) -> bool:
        """Tell whether the author has received the final outcome."""
        if _ENDS.intersection(self.told):
            return True
        return "chat_message" in self.told and "message_removed" not in self.told


@dataclass(slots=True)
class Heard:
    """A public change as the client received it: `live`, or in the answer to a sync."""

    seq: int
    kind: str
    message: Frame
    live: bool
    at: float
    connection: int


@dataclass(slots=True)
class Room:
    """The client's state of one room."""

    seq: int = 0
    since: int = 0  # head at the time of the subscription
    epoch: str | None = None
    is_wanted: bool = True
    subscribed: bool = False
    resets: int = 0
    heard: list[Heard] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)

    def take(self, frame: Frame, *, connection: int) -> None:
        """Apply a live change. Its `seq` must be greater than all earlier ones."""
        if frame["seq"] <= self.seq:
            self.disorder.append(f"seq {frame['seq']} after {self.seq}")
        self.heard.append(
            Heard(frame["seq"], frame["type"], frame["message"], True, time.monotonic(), connection)
        )
        self.seq = max(self.seq, frame["seq"])

    def take_synced(self, frame: Frame, *, connection: int) -> None:
        """Apply the answer to a sync: the missed changes, or a reset."""
        self.epoch = frame["epoch"]
        if frame["reset"]:
            self.resets += 1
            self.seq = 0
            return
        for message in frame["messages"]:
            if message["seq"] > self.seq:
                self.heard.append(
                    Heard(message["seq"], "synced", message, False, time.monotonic(), connection)
                )
        self.seq = max(self.seq, frame["seq"])

    @property
    def messages(self) -> dict[str, Frame]:
        """Return the latest known state of each message, by id."""
        return {each.message["id"]: each.message for each in self.heard}


class Client:
    """One user's client. All methods run on the crowd's event loop."""

    def __init__(self, name: str, urls: Sequence[str], *, seed: str) -> None:
        self.name = name
        self.id = ""
        self.email = ""
        self.token = ""
        self.refresh = ""
        self.urls = list(urls)
        self.rooms: dict[str, Room] = {}
        self.sends: dict[str, Send] = {}
        self.edits: list[tuple[str, str]] = []  # (message id, text) of every edit, accepted or not
        self.errors: list[Frame] = []
        self.closings: list[int | None] = []
        self.received: list[str] = []  # every text received, by REST or socket
        self.connections = 0
        self.comes_back = True
        self.own = OwnState()
        self.first_cursor = ""  # from before the account's first message
        self._is_resuming = False  # reads what was decided while it was away
        self.is_follower = False  # without a socket: reads its own changes by REST
        self._pings = self._pongs = 0
        self._dice = random.Random(seed)
        self._http = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self._socket: ClientConnection | None = None
        self._entering: set[str] = set()  # rooms whose subscription will be repeated
        self._exchange = asyncio.Lock()
        self._up = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def register(self, email: str, password: str) -> None:
        self.email = email
        account = {"email": email, "name": self.name, "password": password}
        answer = await self.ask("POST", "auth/register/", json=account)
        self.id = answer["user"]["id"]
        self._keep(answer["tokens"])
        start = await self.ask("GET", "chat/me/changes/")
        self.first_cursor = self.own.cursor = start["me"]["cursor"]
        self.own.profile = await self.profile()

    async def sign_in(self, email: str, password: str) -> None:
        """Begin another session of an existing account."""
        self.email = email
        account = {"email": email, "password": password}
        self._keep(await self.ask("POST", "auth/login/", json=account))

    async def access(self) -> str:
        """Return a valid access token; exchange the refresh token shortly before it expires.

        Raises:
            httpx.HTTPError: No answer, or a refusal.
        """
        async with self._exchange:
            if self.token and _expiry(self.token) - time.time() < EARLY:
                body = {"refresh": self.refresh}
                answer = await self._request("POST", "auth/refresh/", token="", json=body)
                self._keep(answer.raise_for_status().json())
            return self.token

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Send a request to any web process, repeated while it is refused retryably.

        Returns:
            The JSON of the answer.
        """
        deadline = time.monotonic() + TIMEOUT
        answer = await self.try_to_ask(method, path, **options)
        while answer.status_code == codes.SERVICE_UNAVAILABLE and time.monotonic() < deadline:
            await asyncio.sleep(self._dice.uniform(*RETRY))
            answer = await self.try_to_ask(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def try_to_ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request. Raises httpx.HTTPError."""
        return await self._request(method, path, token=await self.access(), **options)

    async def _request(
        self, method: str, path: str, *, token: str, **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self._dice.choice(self.urls)}/api/{path}"
        answer = await self._http.request(method, url, headers=headers, **options)
        self.received.append(answer.text)
        return answer

    async def connect(self) -> None:
        """Open the socket, and reopen it after every loss."""
        self._begin(self._stay_connected())
        await asyncio.wait_for(self._up.wait(), TIMEOUT)

    async def listen(self, room_id: str) -> None:
        """Subscribe to a room from its head on, and resume after every interruption."""
        room = self.rooms.setdefault(room_id, Room())
        await self._up.wait()
        await self._send(type="subscribe", room=room_id)
        async with asyncio.timeout(TIMEOUT):
            while not room.subscribed:
                await asyncio.sleep(0.01)

    async def say(self, room_id: str, text: str, *, client_id: str | None = None) -> Send:
        """Send a message once, and resend it in the background until it is answered."""
        send = Send(room_id, text, client_id or uuid4().hex, time.monotonic())
        self.sends[send.client_id] = send
        self._begin(self._see_to(send))
        return send

    async def say_and_wait(self, room_id: str, text: str) -> Send:
        """Send a message and wait for its answer."""
        send = await self.say(room_id, text)
        while not send.is_over:
            await asyncio.sleep(0.005)
        return send

    async def edit(self, message_id: str, text: str) -> None:
        """Send one edit. Its outcome shows in the room."""
        self.edits.append((message_id, text))
        with contextlib.suppress(WebSocketException, OSError):
            await self._send(type="edit_message", id=message_id, message=text)

    async def delete(self, message_id: str) -> None:
        """Send one deletion."""
        with contextlib.suppress(WebSocketException, OSError):
            await self._send(type="delete_message", id=message_id)

    async def post(self, room_id: str, text: str, client_id: str) -> httpx.Response:
        """Send a message by REST."""
        body = {"content": text, "client_id": client_id}
        return await self.try_to_ask("POST", f"chat/rooms/{room_id}/messages/", json=body)

    async def post_once(self, room_id: str, text: str) -> None:
        """Send a message by REST without a `client_id`, so that it cannot be repeated."""
        self.edits.append(("", text))
        with contextlib.suppress(httpx.HTTPError):
            path = f"chat/rooms/{room_id}/messages/"
            await self.try_to_ask("POST", path, json={"content": text})

    async def send_frame(self, **frame: Any) -> None:
        """Send any frame once, as soon as the socket is open."""
        await self._up.wait()
        await self._send(**frame)

    async def drop_connection(self) -> None:
        """Abort the socket without a closing handshake, like a lost network."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def wait_until_answered(self) -> None:
        """Wait until the server has processed every frame sent so far."""
        while self.comes_back:
            self._pings += 1
            number = self._pings
            with contextlib.suppress(WebSocketException, OSError):
                await self.send_frame(type="ping", n=number)
            asked = time.monotonic()
            while time.monotonic() - asked < ANSWER and self.is_up:
                if self._pongs >= number:
                    return
                await asyncio.sleep(0.01)

    async def go_away(self) -> None:
        """Close the socket and stay offline until `come_back`."""
        self.comes_back = False
        if self._socket is not None:
            await self._socket.close()

    async def come_back(self) -> None:
        self.comes_back = True
        await self.connect()

    async def leave(self) -> None:
        self.comes_back = False
        for task in list(self._tasks):
            task.cancel()
        if self._socket is not None:
            self._socket.transport.abort()
        await self._http.aclose()

    async def history(self, room_id: str) -> list[Frame]:
        """Return everything that this user may read of a room, by REST, newest first."""
        return await self._pages(f"chat/rooms/{room_id}/messages/?page_size=100")

    async def profile(self) -> Frame:
        """Return the profile, by REST."""
        profile: Frame = await self.ask("GET", "auth/users/me/")
        return profile

    async def own_rooms(self) -> list[Frame]:
        """Return the list of the user's rooms, by REST."""
        return await self._pages("chat/rooms/?scope=mine&page_size=100")

    async def _pages(self, path: str) -> list[Frame]:
        found: list[Frame] = []
        link: str | None = path
        while link:
            page = await self.ask("GET", link)
            found += page["results"]
            link = page["next"] and page["next"].partition("/api/")[2]
        return found

    async def read_own_changes(self) -> None:
        """Read by REST what changed for the user."""
        more = True
        while more:
            page = await self.ask("GET", "chat/me/changes/", params={"after": self.own.cursor})
            more = self.own.take(page)

    async def follow_own_changes(self, pace: Pace) -> None:
        """Read own changes by REST in short intervals, whatever fails."""
        self.is_follower = True
        while True:
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                await self.read_own_changes()
            await asyncio.sleep(self._dice.uniform(*FOLLOW) * pace.factor)

    async def wait_until_own_changes_are_read(self) -> None:
        """Read own changes to their end, with a question that is asked now."""
        if self.is_follower:
            await self.read_own_changes()
            return
        last = self.own.rounds + 2  # the first may answer a question asked before
        while self.is_here and self.own.rounds < last:
            rounds, cursor, moved = self.own.rounds, self.own.cursor, time.monotonic()
            with contextlib.suppress(WebSocketException, OSError):
                await self.send_frame(type="sync_me", after=cursor)
            # A question while pages still come would be a second reading beside the first.
            while self.own.rounds == rounds and time.monotonic() - moved < ANSWER and self.is_up:
                await asyncio.sleep(0.01)
                if self.own.cursor != cursor:
                    cursor, moved = self.own.cursor, time.monotonic()

    @property
    def is_here(self) -> bool:
        """Tell whether the device holds the present state: it is connected, or follows by REST."""
        return self.is_follower or (self.connections > 0 and self.comes_back)

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    @property
    def state(self) -> str:
        """Say what keeps the device from answering."""
        how = (
            "follows" if self.is_follower else "is connected" if self.is_up else "is not connected"
        )
        latest = ", ".join(str(frame["code"]) for frame in self.errors[-3:]) or "none"
        return (
            f"{self.name} {how} ({self.connections} connections, closed with {self.closings[-3:]},"
            f" {self.own.rounds} readings, latest errors: {latest})"
        )

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(self, tokens: dict[str, str]) -> None:
        self.token, self.refresh = tokens["access"], tokens["refresh"]

    async def _stay_connected(self) -> None:
        while self.comes_back:
            with contextlib.suppress(OSError, TimeoutError, WebSocketException, httpx.HTTPError):
                await self._converse()
            self._up.clear()
            for room in self.rooms.values():
                room.subscribed = False
            if self._socket is not None:
                self.closings.append(self._socket.close_code)
                self._socket = None
            await asyncio.sleep(self._dice.uniform(*RETRY))

    async def _converse(self) -> None:
        url = self._dice.choice(self.urls).replace("http", "ws", 1)
        self._socket = await connect(
            f"{url}/ws/chat/?token={await self.access()}",
            max_queue=None,
            open_timeout=TIMEOUT,
            ping_interval=5,
            ping_timeout=10,
            proxy=None,
        )
        self.connections += 1
        number = self.connections
        async for text in self._socket:
            self.received.append(str(text))
            await self._take(json.loads(text), number)

    async def _take(self, frame: Frame, number: int) -> None:  # noqa: C901, PLR0912  (one case a frame)
        match frame["type"]:
            case "connection_established":
                self._up.set()
                for room_id in self.rooms:
                    await self._enter(room_id)
                self._is_resuming = True
                await self._send(type="sync_me", after=self.own.cursor)
            case "subscribed":
                room = self.rooms[frame["room"]]
                room.subscribed = True
                if room.epoch is None:
                    room.seq = room.since = frame["seq"]
                    room.epoch = frame["epoch"]
            case "synced":
                await self._take_synced(frame, number)
            case "synced_me":
                await self._take_own_changes(frame)
            case "chat_message" | "message_updated" | "message_removed" if frame.get("seq"):
                self._take_change(frame, number)
            case "chat_message" | "message_updated" | "message_removed":
                self._take_notice(frame)
            case "message_queued" | "message_rejected" | "message_held":
                self._take_answer(frame)
            case "pong":
                self._pongs = frame["n"]
            case "error":
                self._take_error(frame)
                if frame.get("frame") in {"subscribe", "sync"} and frame["code"] not in FINAL:
                    self._enter_later(frame["room"])
                if frame.get("frame") == "sync_me" and frame["code"] not in FINAL:
                    self._begin(self._sync_me_soon())

    async def _take_own_changes(self, frame: Frame) -> None:
        for message in frame["messages"] if self._is_resuming else ():
            # What was decided while the device was away. Later, notices must say it.
            send = self.sends.get(message["client_id"] or "")
            if send is not None and message["status"] in _REFUSED:
                send.told.append(_TOLD[message["status"]])
        if self.own.take(frame):
            await self._send(type="sync_me", after=self.own.cursor)
        else:
            self._is_resuming = False

    async def _enter(self, room_id: str) -> None:
        """Subscribe to a room again, after the last known change."""
        room = self.rooms[room_id]
        if room.is_wanted:
            since = {"after": room.seq, "epoch": room.epoch} if room.epoch else {}
            await self._send(type="subscribe", room=room_id, **since)
            await self._ask_what_became(room_id, room)

    def _enter_later(self, room_id: str) -> None:
        """Repeat a refused subscription, once for any number of refused frames."""
        if room_id not in self._entering:
            self._entering.add(room_id)
            self._begin(self._enter_soon(room_id))

    async def _enter_soon(self, room_id: str) -> None:
        await asyncio.sleep(self._dice.uniform(0.2, 0.6))
        self._entering.discard(room_id)
        with contextlib.suppress(WebSocketException, OSError):
            await self._enter(room_id)

    async def _sync_me_soon(self) -> None:
        await asyncio.sleep(self._dice.uniform(0.2, 0.6))
        with contextlib.suppress(WebSocketException, OSError):
            await self._send(type="sync_me", after=self.own.cursor)

    async def _take_synced(self, frame: Frame, number: int) -> None:
        room = self.rooms[frame["room"]]
        room.take_synced(frame, connection=number)
        for message in frame["messages"]:
            # There, too, the author gets the reason.
            send = self.sends.get(message.get("client_id") or "")
            if send is not None and message["status"] in _REFUSED:
                send.told.append(_TOLD[message["status"]])
        for client_id, message in frame["pending"].items():
            if message is not None:
                send = self.sends[client_id]
                send.told.append(_TOLD.get(message["status"], "synced"))
                self._confirm(send, message)
        if frame["more"] or frame["reset"]:
            await self._send(type="sync", room=frame["room"], after=room.seq, epoch=room.epoch)

    async def _ask_what_became(self, room_id: str, room: Room) -> None:
        """Check the client's own messages: a verdict may have arrived while it was offline."""
        unsettled = [
            send.client_id
            for send in self.sends.values()
            if send.room == room_id and not send.is_settled
        ]
        for first in range(0, len(unsettled), MOST_PENDING):
            await self._send(
                type="sync",
                room=room_id,
                after=room.seq,
                epoch=room.epoch,
                pending=unsettled[first : first + MOST_PENDING],
            )

    def _take_change(self, frame: Frame, number: int) -> None:
        room = self.rooms.get(frame["room"])
        if room is not None:
            room.take(frame, connection=number)
        self._take_notice(frame)

    def _take_notice(self, frame: Frame) -> None:
        send = self.sends.get(frame["message"].get("client_id") or "")
        if send is not None and frame["message"]["author"]["id"] == self.id:
            send.told.append(frame["type"])

    def _take_answer(self, frame: Frame) -> None:
        send = self.sends.get(frame["message"].get("client_id") or "")
        if send is None:
            return
        send.told.append(frame["type"])
        if not send.is_over and send.tries == 1:
            send.is_shown_at_once = frame["message"]["status"] == "APPROVED"
        self._confirm(send, frame["message"])

    def _take_error(self, frame: Frame) -> None:
        self.errors.append(frame)
        send = self.sends.get(frame.get("client_id") or "")
        if send is None:
            return
        send.errors.append(frame["code"])
        if frame["code"] in FINAL:
            send.refused = frame["code"]

    def _confirm(self, send: Send, message: Frame) -> None:
        send.answered_ids.add(message["id"])
        if send.acknowledged is None:
            send.acknowledged = time.monotonic()
            send.id = message["id"]

    async def _see_to(self, send: Send) -> None:
        while not send.is_over:
            await self._up.wait()
            errors = len(send.errors)
            send.tried = time.monotonic()
            send.tries += 1
            with contextlib.suppress(WebSocketException, OSError):
                await self._send(
                    type="chat_message",
                    room=send.room,
                    message=send.text,
                    client_id=send.client_id,
                )
            while not send.is_over and time.monotonic() - send.tried < ANSWER:
                if not self._up.is_set() or len(send.errors) > errors:
                    break
                await asyncio.sleep(0.01)
            if not send.is_over:
                await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    async def _send(self, **frame: Any) -> None:
        if self._socket is None:
            raise ConnectionError
        await self._socket.send(json.dumps({k: v for k, v in frame.items() if v is not None}))


def _expiry(token: str) -> float:
    """Return the time at which a JWT expires, in seconds since the epoch."""
    claims = token.split(".")[1]
    padded = claims + "=" * (-len(claims) % 4)
    return float(json.loads(base64.urlsafe_b64decode(padded))["exp"])
