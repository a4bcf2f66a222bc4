"""The main use case, driven by a client that was written from `docs/protocol.md` alone.

It imports nothing of the server and needs only httpx and websockets. Run it against any server:
`python tests/journey.py http://localhost:8000`.
"""

import asyncio
import json
import secrets
import ssl
import sys
from collections.abc import Callable
from typing import Any, Self
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Frame = dict[str, Any]

TIMEOUT = 60.0  # seconds until a missing frame is a failure
OFFENSIVE = "seu filho da puta"
PASSWORD = secrets.token_urlsafe(16)


class Socket:
    """One WebSocket, with every byte received. Keeps frames until `next` returns them."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._received: list[str] = []
        self._unread: list[Frame] = []

    @property
    def received(self) -> str:
        return "\n".join(self._received)

    @classmethod
    async def open(cls, url: str, **options: Any) -> Self:
        if url.startswith("wss:"):
            options.setdefault("ssl", _trusting())
        return cls(await connect(url, max_queue=None, open_timeout=TIMEOUT, **options))

    async def send(self, kind: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": kind, **fields}))

    async def next(
        self, kind: str, *, where: Callable[[Frame], bool] = bool, within: float = TIMEOUT
    ) -> Frame:
        """Return the first frame of this type that was not returned before."""
        for frame in self._unread:
            if frame["type"] == kind and where(frame):
                self._unread.remove(frame)
                return frame
        try:
            async with asyncio.timeout(within):
                while True:
                    frame = await self.receive()
                    if frame["type"] == kind and where(frame):
                        self._unread.remove(frame)
                        return frame
        except TimeoutError:
            seen = [frame["type"] for frame in self._unread]
            raise AssertionError(f"no {kind} within {within} s, but {seen}") from None

    async def closed(self, *, within: float = TIMEOUT) -> int | None:
        """Wait for the end. Returns the close code; None when the connection was aborted."""
        try:
            async with asyncio.timeout(within):
                while True:
                    await self.receive()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None

    async def close(self) -> None:
        await self.connection.close()

    async def receive(self) -> Frame:
        """Wait for the next frame. `next` returns it, too."""
        text = await self.connection.recv(decode=True)
        self._received.append(text)
        frame = json.loads(text)
        assert isinstance(frame, dict), text
        self._unread.append(frame)
        return frame


class Person:
    """A registered user, with every byte received."""

    def __init__(self, server: str, name: str) -> None:
        self.server = server.rstrip("/")
        self.name = name
        self.email = f"{name.lower()}-{uuid4().hex}@example.com"
        self.received = ""
        self.tokens: dict[str, str] = {}
        self.id = ""
        self.sockets: list[Socket] = []
        self._http = httpx.AsyncClient(base_url=self.server, timeout=TIMEOUT, verify=False)  # noqa: S501  (a test's server signs its own certificate)

    async def ask(self, method: str, path: str, *, expect: int = 0, **options: Any) -> Any:
        """Send a request that must succeed, with the status `expect` if given; return its JSON."""
        answer = await self._http.request(method, f"/api/{path}", **options)
        self.received += answer.text + "\n"
        as_expected = answer.status_code == expect if expect else answer.is_success
        assert as_expected, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def register(self) -> Self:
        account = {"email": self.email, "name": self.name, "password": PASSWORD}
        answer = await self.ask("POST", "auth/register/", json=account, expect=201)
        self.id = answer["user"]["id"]
        self.use(answer["tokens"])
        return self

    def use(self, tokens: dict[str, str]) -> None:
        self.tokens = tokens
        self._http.headers["Authorization"] = f"Bearer {tokens['access']}"

    async def sign_in(self) -> None:
        credentials = {"email": self.email, "password": PASSWORD}
        self.use(await self.ask("POST", "auth/login/", json=credentials))

    async def sign_out(self) -> None:
        refresh = {"refresh": self.tokens["refresh"]}
        await self.ask("POST", "auth/logout/", json=refresh, expect=204)

    async def enter(self, room: str, *, by_ticket: bool = False) -> Socket:
        """Open a socket in `room` and wait for its greeting."""
        query = f"token={self.tokens['access']}"
        if by_ticket:
            ticket = await self.ask("POST", "auth/ws-ticket/")
            query = f"ticket={ticket['ticket']}"
        url = self.server.replace("http", "ws", 1)
        socket = await Socket.open(f"{url}/ws/chat/{room}/?{query}")
        self.sockets.append(socket)
        greeting = await socket.next("connection_established")
        assert greeting["user"]["id"] == self.id, greeting  # the name may wait to be judged
        assert greeting["room"] == room, greeting
        return socket

    def heard(self) -> str:
        """Return everything this user received, by REST and socket."""
        return self.received + "".join(socket.received for socket in self.sockets)

    async def leave(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await self._http.aclose()


class Journey:
    """Two users meet, chat, are moderated, lose the connection and resume."""

    def __init__(self, server: str) -> None:
        self.ana = Person(server, "Ana")
        self.bia = Person(server, "Bia")
        self.canary = f"canary{uuid4().hex}"
        self.room = ""

    async def walk(self) -> None:
        """Run every step. Raises AssertionError for a broken promise."""
        steps = [
            self.two_people_register,
            self.one_makes_a_room_and_the_other_joins,
            self.a_clean_message_is_heard_at_once,
            self.an_offensive_one_is_heard_by_nobody_else,
            self.the_same_client_id_is_one_message,
            self.an_edit_and_a_deletion_are_heard,
            self.history_is_what_was_heard,
            self.whoever_was_away_catches_up,
            self.signing_out_closes_the_sockets,
        ]
        try:
            for step in steps:
                await step()
        finally:
            await self.ana.leave()
            await self.bia.leave()

    async def two_people_register(self) -> None:
        await self.ana.register()
        await self.bia.register()
        await self.bia.sign_in()
        fresh = {"refresh": self.ana.tokens["refresh"]}
        self.ana.use(await self.ana.ask("POST", "auth/refresh/", json=fresh))

    async def one_makes_a_room_and_the_other_joins(self) -> None:
        room = await self.ana.ask("POST", "chat/rooms/", json={"name": "Sala"}, expect=201)
        assert room["moderation_mode"] == "pre", room
        self.room = room["id"]
        await self.bia.ask("POST", f"chat/rooms/{self.room}/join/")
        async with asyncio.timeout(TIMEOUT):
            while not await self._name_of_ana_is_judged():
                await asyncio.sleep(0.2)
        self.ana_hears = await self.ana.enter(self.room)
        self.bia_hears = await self.bia.enter(self.room, by_ticket=True)

    async def _name_of_ana_is_judged(self) -> bool:
        """Others see a placeholder until then."""
        room = await self.bia.ask("GET", f"chat/rooms/{self.room}/")
        return self.ana.name in {each["user"]["name"] for each in room["participants"]}

    async def a_clean_message_is_heard_at_once(self) -> None:
        await self._say("bom dia, tudo bem?", client_id="clean")
        heard = await self.bia_hears.next("chat_message")

        assert heard["message"]["content"] == "bom dia, tudo bem?", heard
        assert heard["message"]["status"] == "APPROVED", heard
        author = heard["message"]["author"]
        assert (author["id"], author["name"]) == (self.ana.id, "Ana"), heard
        assert heard["seq"] == 1, heard
        await self.ana_hears.next("chat_message")

    async def an_offensive_one_is_heard_by_nobody_else(self) -> None:
        await self._say(f"{OFFENSIVE} {self.canary}", client_id="offensive")
        refused = (await self.ana_hears.next("message_rejected"))["message"]
        assert refused["status"] == "REJECTED", refused
        assert refused["reason"] == "policy", refused
        assert refused["categories"], refused
        assert refused["explanation"], refused

        # A published offensive message would arrive before the next one.
        await self._say("desculpem", client_id="after")
        await self.bia_hears.next("chat_message", where=lambda f: f["seq"] == 2)
        await self.ana_hears.next("chat_message", where=lambda f: f["seq"] == 2)
        assert self.canary not in self.bia.heard(), "an unpublished text left the server"

    async def the_same_client_id_is_one_message(self) -> None:
        first = await self._say("só uma vez", client_id="once")
        await self.bia_hears.next("chat_message", where=lambda f: f["seq"] == 3)
        again = await self._say("só uma vez", client_id="once")
        assert again["id"] == first["id"], (first, again)
        await self.ana_hears.send("chat_message", message="outra", client_id="once")
        refused = await self.ana_hears.next("error")
        assert refused["code"] == "conflict", refused

    async def an_edit_and_a_deletion_are_heard(self) -> None:
        message = await self._say("com um ero", client_id="edited")
        await self.bia_hears.next("chat_message", where=lambda f: f["seq"] == 4)
        path = f"chat/rooms/{self.room}/messages/{message['id']}/"
        await self.ana_hears.send("edit_message", id=message["id"], message="com um erro")
        edited = await self.bia_hears.next("message_updated")
        assert (edited["seq"], edited["message"]["content"]) == (5, "com um erro"), edited
        await self.ana.ask("DELETE", path)
        removed = await self.bia_hears.next("message_removed")
        assert (removed["seq"], removed["message"]["content"]) == (6, ""), removed

    async def history_is_what_was_heard(self) -> None:
        path = f"chat/rooms/{self.room}/messages/?page_size=2"
        for person, expected in (
            (self.ana, ["só uma vez", "desculpem", f"{OFFENSIVE} {self.canary}", "bom dia"]),
            (self.bia, ["só uma vez", "desculpem", "bom dia"]),
        ):
            texts = [message["content"] for message in await self._pages(person, path)]
            assert [text.partition(",")[0] for text in texts] == expected, texts
        assert self.canary not in self.bia.heard(), "an unpublished text left the server"

    async def whoever_was_away_catches_up(self) -> None:
        detail = await self.bia.ask("GET", f"chat/rooms/{self.room}/")
        await self.bia_hears.close()
        await self._say("você perdeu isto", client_id="missed")
        await self.ana_hears.next("chat_message", where=lambda f: f["seq"] == 7)

        self.bia_hears = await self.bia.enter(self.room)
        since = {"after": detail["seq"], "epoch": detail["epoch"]}
        await self.bia_hears.send("sync", pending=["missed"], **since)
        synced = await self.bia_hears.next("synced")
        assert [m["content"] for m in synced["messages"]] == ["você perdeu isto"], synced
        assert (synced["seq"], synced["reset"], synced["more"]) == (7, False, False), synced
        assert synced["pending"] == {"missed": None}, "that client_id is somebody else's"

        feed = await self.bia.ask("GET", f"chat/rooms/{self.room}/changes/", params=since)
        assert self._seqs(feed) == [7], feed
        unknown = {"after": 1, "epoch": str(uuid4())}
        feed = await self.bia.ask("GET", f"chat/rooms/{self.room}/changes/", params=unknown)
        assert feed["reset"] is True, feed

    async def signing_out_closes_the_sockets(self) -> None:
        await self.bia.sign_in()
        socket = await self.bia.enter(self.room)
        await self.bia.sign_out()
        assert await socket.closed() == 4001
        assert self.canary not in self.bia.heard(), "an unpublished text left the server"

    async def _say(self, text: str, *, client_id: str) -> Frame:
        """Send `text` as Ana; return her stored message."""
        await self.ana_hears.send("chat_message", message=text, client_id=client_id)
        queued = await self.ana_hears.next(
            "message_queued", where=lambda f: f["message"]["client_id"] == client_id
        )
        message: Frame = queued["message"]
        return message

    async def _pages(self, person: Person, path: str) -> list[Frame]:
        messages: list[Frame] = []
        link: str | None = path
        while link:
            page = await person.ask("GET", link)
            messages += page["results"]
            link = page["next"] and page["next"].partition("/api/")[2]
        return messages

    @staticmethod
    def _seqs(feed: Frame) -> list[int]:
        return [message["seq"] for message in feed["messages"]]


def _trusting() -> ssl.SSLContext:
    """For test servers with self-signed certificates."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    asyncio.run(Journey(sys.argv[1]).walk())
    print("The journey went well.")  # noqa: T201  (a program for a terminal, here)
