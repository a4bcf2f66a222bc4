"""A client written from `docs/protocol.md` alone, as its readers would write one.

It imports nothing of the server. What it needs and the page did not say was added to the page.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Body = dict[str, Any]


class SmallClient:
    """One account in one room: what its window shows, by REST and a WebSocket that may break."""

    def __init__(self, server: str) -> None:
        self._http = httpx.AsyncClient(base_url=server, timeout=60)
        self._socket: ClientConnection | None = None
        self._seq, self._epoch, self._me = 0, None, ""
        self._waiting: dict[str, str] = {}
        self.messages: dict[str, Body] = {}
        self.errors: list[Body] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()
        await self._http.aclose()

    async def ask(self, method: str, path: str, **body: object) -> Any:
        """Send a request. After 401 the tokens are refreshed, once."""
        answer = await self._http.request(method, path, json=body or None)
        if answer.status_code == 401 and answer.json()["code"] == "not_authenticated":
            await self.refresh()
            answer = await self._http.request(method, path, json=body or None)
        assert answer.is_success, (answer.status_code, answer.json()["code"])
        return answer.json() if answer.content else None

    async def register(self, email: str, name: str, password: str) -> Body:
        body = await self.ask(
            "POST", "/api/auth/register/", email=email, name=name, password=password
        )
        self._keep(body["tokens"])
        user: Body = body["user"]
        return user

    async def refresh(self) -> None:
        self._http.headers.pop("Authorization", None)
        answer = await self._http.post(
            "/api/auth/refresh/", json={"refresh": self.tokens["refresh"]}
        )
        assert answer.status_code == 200, "signed out: sign in again"
        self._keep(answer.json())

    def _keep(self, tokens: Body) -> None:
        self.tokens = tokens
        self._http.headers["Authorization"] = f"Bearer {tokens['access']}"

    async def history(self, room: str) -> list[Body]:
        """Read every page, newest message first."""
        link, found = f"/api/chat/rooms/{room}/messages/?page_size=1", []
        while link:
            page = await self.ask("GET", link)
            found += page["results"]
            link = page["next"]
        return found

    async def connect(self, room: str) -> None:
        """Connect with a ticket; learn what was missed; post again what got no answer."""
        ticket = (await self.ask("POST", "/api/auth/ws-ticket/"))["ticket"]
        host = urlsplit(str(self._http.base_url)).netloc
        self._socket = await connect(f"ws://{host}/ws/chat/{room}/?ticket={ticket}", proxy=None)
        hello = await self._receive("connection_established")
        if self._epoch is None:
            self._seq, self._epoch, self._me = hello["seq"], hello["epoch"], hello["me"]["cursor"]
            return
        await self._sync()

    async def disconnect(self) -> None:
        if self._socket:
            await self._socket.close()

    async def _sync(self) -> None:
        more = True
        while more:
            await self.send(
                "sync", after=self._seq, epoch=self._epoch, pending=list(self._waiting)[:100]
            )
            synced = await self._receive("synced")
            more, self._epoch = synced["more"], synced["epoch"]
        more = True
        while more:
            await self.send("sync_me", after=self._me)
            more = (await self._receive("synced_me"))["more"]
        for client_id, text in self._waiting.items():
            await self.send("chat_message", message=text, client_id=client_id)

    async def post(self, text: str) -> str:
        client_id = str(uuid4())
        self._waiting[client_id] = text
        with suppress(ConnectionClosed):
            await self.send("chat_message", message=text, client_id=client_id)
        return client_id

    async def send(self, kind: str, **fields: object) -> None:
        assert self._socket, "not connected"
        await self._socket.send(json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str) -> Body:
        """Take frames up to the next one of this type."""
        async with asyncio.timeout(60):
            return await self._receive(kind)

    async def _receive(self, kind: str) -> Body:
        assert self._socket, "not connected"
        while True:
            frame: Body = json.loads(await self._socket.recv())
            self._take(frame)
            if frame["type"] == kind:
                return frame

    def _take(self, frame: Body) -> None:
        if frame["type"] == "error":
            self.errors.append(frame)
        if frame["type"] == "synced_me":
            self._me = frame["me"]["cursor"]
        elif frame.get("reset"):
            self.messages.clear()
        for message in self._messages_of(frame):
            known = self.messages.get(message["id"])
            if not message["seq"] and message["published_at"]:  # in a room that I may not read
                if not known:
                    continue
                message |= {"seq": known["seq"], "position": known["position"]}
            self.messages[message["id"]] = message
            self._waiting.pop(message.get("client_id") or "", None)
        if frame["type"] in {"chat_message", "message_updated", "message_removed", "synced"}:
            self._seq = frame["seq"] or self._seq

    @staticmethod
    def _messages_of(frame: Body) -> Iterator[Body]:
        if isinstance(frame.get("message"), dict):
            yield frame["message"]
        yield from frame.get("messages", ())
        yield from filter(None, frame.get("pending", {}).values())

    def shown(self) -> list[str]:
        """Return the texts in the order of the timeline."""
        ordered = sorted(self.messages.values(), key=lambda m: (m["position"], m["id"]))
        return [m["content"] for m in ordered if m["status"] != "REMOVED"]
