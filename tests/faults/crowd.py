"""Real clients that record every send and its outcome, for the checker.

They run on an event loop in their own thread, so that the test may block meanwhile.
"""

import asyncio
import gc
import threading
import time
import warnings
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Self, TypeVar
from uuid import uuid4

from tests.faults.client import Client
from tests.faults.cluster import START
from tests.faults.pace import Pace

T = TypeVar("T")
TURNS_TO_CLOSE = 10  # of the loop, in which aborted and closed transports close their sockets
CHANGES_A_SECOND = 500  # that a device reads at least
TIMEOUT = 20.0  # seconds until an operation of the harness counts as failed
PASSWORD = "um-segredo-comprido-9173"


class Crowd:
    """Some users, each with one socket that reconnects after every loss."""

    def __init__(self, urls: Sequence[str], *, seed: int = 1) -> None:
        self.urls = list(urls)
        self.clients: list[Client] = []
        self.pace = Pace()
        self._seed = seed
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="crowd", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def do(self, work: Coroutine[Any, Any, T], *, within: float = TIMEOUT) -> T:
        """Run `work` on the crowd's event loop; return its result."""
        return self.begin(work).result(timeout=within)

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start `work` on the crowd's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def joins(self, name: str, *, connect: bool = True) -> Client:
        """Add a user with a new account, connected by default."""
        client: Client = self.do(self._join(name, connect=connect))
        return client

    def same_person(self, client: Client) -> Client:
        """Add a second device of an existing user."""
        twin: Client = self.do(self._twin(client, connect=True))
        return twin

    def follower(self, client: Client) -> Client:
        """Add a device of an existing user that reads its own changes by REST, without a socket."""
        device: Client = self.do(self._twin(client, connect=False))
        self.begin(device.follow_own_changes(self.pace))
        return device

    def forget(self, client: Client) -> None:
        """Disconnect a device for ever, and leave it out of all that follows."""
        self.clients.remove(client)
        self.do(client.leave())

    def room(self, *members: Client, mode: str = "pre") -> str:
        """Create a room of the first user that all others join and subscribe to; return its id."""
        room: str = self.do(self._open(members, mode))
        return room

    @property
    def sent(self) -> int:
        """How many messages all devices have sent."""
        return sum(len(client.sends) for client in self.clients)

    def wait_until(
        self, condition: Callable[[], bool], *, what: str, seconds: float = START
    ) -> None:
        """Wait until `condition` holds, which processes that have to start first may bring about.

        Raises:
            AssertionError: `what` has not come true within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.02)

    def wait_until_acknowledged(self, *, seconds: float = 30) -> None:
        """Wait until every send was acknowledged or permanently refused."""
        self.wait_until(
            lambda: all(send.is_over for c in self.clients for send in c.sends.values()),
            what="every send acknowledged",
            seconds=seconds,
        )

    def wait_until_answered(self, *, seconds: float = 30) -> None:
        """Wait until every frame of every connected client has been processed."""
        here = [client for client in self.clients if client.connections]
        try:
            self.do(_all(client.wait_until_answered() for client in here), within=seconds)
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s: every frame answered") from None

    def wait_until_own_changes_are_read(self, *, seconds: float = 30) -> None:
        """Wait until every device has read its user's own changes to their end.

        Args:
            seconds: For a device with few changes; many are read page by page.
        """
        here = [client for client in self.clients if client.is_here]
        seconds += max((len(client.sends) for client in here), default=0) / CHANGES_A_SECOND
        reading = set(here)

        async def read(client: Client) -> None:
            await client.wait_until_own_changes_are_read()
            reading.discard(client)

        try:
            self.do(_all(map(read, here)), within=seconds)
        except TimeoutError:
            left = ", ".join(sorted(client.state for client in reading))
            raise AssertionError(
                f"not within {seconds:.0f} s: every device read its changes; left: {left}"
            ) from None

    def wait_until_all_hear(self, heads: dict[str, int], *, seconds: float = 15) -> None:
        """Wait until every client has received each of its rooms up to the given seq."""
        self.wait_until(
            lambda: all(
                room.seq >= heads.get(room_id, 0)
                for client in self.clients
                for room_id, room in client.rooms.items()
                if room.is_wanted
            ),
            what="all rooms heard to their end",
            seconds=seconds,
        )

    def close(self) -> None:
        """Disconnect all clients."""
        if self._loop.is_closed():
            return
        self.do(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=TIMEOUT)
        self._loop.close()
        with warnings.catch_warnings():
            # Connections that a killed server left half made are closed with the loop.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()

    async def _join(self, name: str, *, connect: bool) -> Client:
        client = Client(name, self.urls, seed=f"{self._seed}/{len(self.clients)}")
        await client.register(f"{name.lower()}-{uuid4().hex}@example.com", PASSWORD)
        self.clients.append(client)
        if connect:
            await client.connect()
        return client

    async def _twin(self, client: Client, *, connect: bool) -> Client:
        twin = Client(client.name, self.urls, seed=f"{self._seed}/{len(self.clients)}")
        twin.id = client.id
        await twin.sign_in(client.email, PASSWORD)
        twin.first_cursor = twin.own.cursor = client.first_cursor
        twin.own.profile = client.own.profile
        self.clients.append(twin)
        if connect:
            await twin.connect()
        return twin

    async def _open(self, members: Sequence[Client], mode: str) -> str:
        first, *others = members
        made = await first.ask(
            "POST", "chat/rooms/", json={"name": "Sala", "moderation_mode": mode}
        )
        room_id: str = made["id"]
        for other in others:
            await other.ask("POST", f"chat/rooms/{room_id}/join/")
        await asyncio.gather(*(member.listen(room_id) for member in members))
        return room_id

    async def _leave(self) -> None:
        await asyncio.gather(*(client.leave() for client in self.clients), return_exceptions=True)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*works)
