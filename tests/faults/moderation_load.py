"""What people do to each other in a chaos run: moderators decide, members complain and leave."""

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any

import psycopg

from tests.faults.client import Client
from tests.faults.cluster import Cluster
from tests.faults.crowd import PASSWORD, Crowd
from tests.faults.enforced import Erased
from tests.faults.moderators import ask_to_be_erased, complain, hire

NAMES = ("Mara", "Nina", "Olga")
DECISIONS = {"rule", "undo", "reverse", "appeal", "impose"}
LAST_SENDS = 3.0  # seconds that a person who leaves waits for the answers to their messages
FINISH_TIMEOUT = 60.0  # seconds after the faults until the last request of a person is confirmed


class ModerationLoad:
    """The moderators of a run, and the people who are banned or erased in it.

    All of them are absent if there are no moderators.
    """

    def __init__(self, cluster: Cluster, crowd: Crowd, *, seed: int, moderators: int) -> None:
        self._cluster, self._crowd, self._seed = cluster, crowd, seed
        self._dice = random.Random(f"{seed}/drama")
        self.moderators = [
            hire(cluster, crowd, name, seed=f"{seed}/{name}") for name in NAMES[:moderators]
        ]
        for each in self.moderators:
            each.colleagues = [other for other in self.moderators if other is not each]
        names = ("Hugo", "Iara", "Joca") if moderators else ()
        self.leaving = [crowd.joins(name) for name in names]
        self.talks: dict[str, Future[None]] = {}
        self.removals: list[tuple[Client, str, int]] = []
        self.erased: list[Erased] = []
        self._works: list[Future[None]] = []
        self._ends: list[Future[None]] = []

    @property
    def has_decided(self) -> bool:
        """Whether each kind of decision of moderators took effect, or there are no moderators."""
        acts = (act for moderator in self.moderators for act in tuple(moderator.acts))
        return not self.moderators or {act.what for act in acts if act.is_done} >= DECISIONS

    def begin(self, people: Sequence[Client], *, duration: float) -> None:
        """Let moderators work and members complain; at random moments, the others leave."""
        if not self.moderators:
            return
        begin = self._crowd.begin
        self._works = [begin(moderator.work()) for moderator in self.moderators]
        self._works += [
            begin(complain(person, seed=f"{self._seed}/{person.name}/complains"))
            for person in people
        ]
        banned, *erased = self.leaving
        self._ends.append(begin(self._later(self._ban(banned), duration)))
        self._ends += [begin(self._later(self._erase(person), duration)) for person in erased]

    def stop(self) -> None:
        """Stop the acts of moderators, the complaints, and what the people who leave say."""
        for work in (*self._works, *self.talks.values()):
            work.cancel()

    def finish(self) -> None:
        """Wait until each ban and each request of an erasure is confirmed.

        Raises AssertionError when time is up.
        """
        confirmed, open_ends = wait(self._ends, timeout=FINISH_TIMEOUT)
        for person in self.leaving[1:]:
            self.erased.append(Erased.of(person))
            self._crowd.forget(person)
        for end in confirmed:
            end.result()
        assert not open_ends, (
            f"not within {FINISH_TIMEOUT} s: bans and requests of erasures confirmed"
        )

    async def _later(self, work: Coroutine[Any, Any, None], duration: float) -> None:
        await asyncio.sleep(self._dice.uniform(0.2, 0.8) * duration)
        await work

    async def _ban(self, person: Client) -> None:
        self.talks[person.id].cancel()
        (room_id,) = person.rooms
        person.rooms[room_id].is_wanted = False
        await self.moderators[0].ban(person, room_id)
        seq = await asyncio.to_thread(self._seq_of, room_id)
        self.removals.append((person, room_id, seq))

    def _seq_of(self, room_id: str) -> int:
        while True:
            with suppress(psycopg.OperationalError):
                return int(
                    self._cluster.postgres.value("SELECT seq FROM chat_room WHERE id = %s", room_id)
                )
            time.sleep(0.1)

    async def _erase(self, person: Client) -> None:
        self.talks[person.id].cancel()
        deadline = time.monotonic() + LAST_SENDS
        while time.monotonic() < deadline and not all(s.is_over for s in person.sends.values()):
            await asyncio.sleep(0.05)
        await ask_to_be_erased(person, PASSWORD)
        for room in person.rooms.values():
            room.is_wanted = False
