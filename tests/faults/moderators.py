"""Moderators who rule, sanction, undo and reverse at random, and write down what they were told.

They use REST alone. A request without an answer has an unknown outcome and is not repeated, as if
the moderator had closed the page.
"""

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx import codes

from tests.faults.client import Client
from tests.faults.cluster import Cluster
from tests.faults.crowd import Crowd

EVERY = 0.25  # average seconds between two acts of one moderator
TOGETHER = 0.4  # share of the cases on which all moderators rule at the same moment
APPEALED = ("ruling", "sanction")  # of others, which join a case, the ruling on it decides
TERMS = (1, 2, 4)  # seconds of a mute
_RIGHTS = """
    WITH staff AS (UPDATE accounts_user SET is_staff = true WHERE id = %s RETURNING id)
    INSERT INTO accounts_user_groups (user_id, group_id)
    SELECT staff.id, auth_group.id FROM staff, auth_group WHERE auth_group.name = 'senior moderator'
"""


@dataclass(slots=True)
class Act:
    """One request that may change something. Times are of the harness's monotonic clock."""

    what: str  # rule, undo, reverse, impose, lift, appeal
    about: str  # the id of the case, ruling, person, sanction or appeal
    began: float
    ended: float | None = None  # None: no answer
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def made(self) -> str:
        """Return the id of the ruling or sanction that was made."""
        about = self.answer["ruling"] if self.what in {"rule", "reverse"} else self.answer
        return str(about["id"])

    @property
    def is_done(self) -> bool:
        return self.ended is not None and 200 <= self.status < 300


class Moderator:
    """A senior moderator of the whole server, without a socket."""

    def __init__(self, client: Client, *, seed: str) -> None:
        self.client = client
        self.acts: list[Act] = []
        self.colleagues: list[Moderator] = []
        self.shown: set[str] = set()  # texts that others saw, or that this moderator wanted to show
        self._dice = random.Random(seed)
        self._rulings: list[str] = []
        self._weights = {
            self._rule: 8,
            self._undo: 3,
            self._reverse: 2,
            self._decide_appeal: 4,
            self._lift: 1,
        }

    async def work(self) -> None:
        """Act until cancelled, whatever fails."""
        with suppress(asyncio.CancelledError):
            while True:
                (act,) = self._dice.choices([*self._weights], [*self._weights.values()])
                with suppress(httpx.HTTPError, ValueError):
                    await act()
                await asyncio.sleep(self._dice.expovariate(1 / EVERY))

    async def ban(self, person: Client, room_id: str) -> None:
        """Ban a person from a room, as soon as the server answers."""
        body = {"user": person.id, "kind": "ban", "scope": room_id, "reason": "chaos"}
        while True:
            with suppress(httpx.HTTPError):
                act = await self._do("impose", person.id, "enforcement/sanctions/", body)
                if act.is_done:
                    return
            await asyncio.sleep(self._dice.uniform(0.05, 0.3))

    async def _rule(self) -> None:
        """Decide the first cases, which all moderators see: they collide."""
        cases = await self._read("enforcement/cases/?page_size=10")
        if not cases:
            return
        case = cases[min(int(self._dice.expovariate(1)), len(cases) - 1)]
        others = self.colleagues if self._dice.random() < TOGETHER else []
        works = [each.decide(case) for each in (self, *others)]
        await asyncio.gather(*works, return_exceptions=True)

    async def decide(self, case: dict[str, Any]) -> None:
        """Rule on a case, perhaps at the same moment as others."""
        if self._dice.random() < 0.2:
            await self._do("claim", case["id"], f"enforcement/cases/{case['id']}/claim/")
        content = self._dice.choice(["allow", "remove", "remove", "keep_flagged"])
        if content != "remove" or case["is_public"]:
            self.shown.add(case["text"])
        body: dict[str, Any] = {"content": content, "revision": case["revision"], "reason": "chaos"}
        if case["room"] and self._dice.random() < 0.3:
            kind = self._dice.choice(["mute", "mute", "warning", "strike"])
            term, scope = self._dice.choice(TERMS), self._dice.choice(["room", "server"])
            body["sanctions"] = [{"kind": kind, "term_seconds": term, "scope": scope}]
        act = await self._do("rule", case["id"], f"enforcement/cases/{case['id']}/ruling/", body)
        if act.is_done:
            self._rulings.append(act.made)

    async def _undo(self) -> None:
        if self._rulings:
            await self._do_to_ruling("undo", self._rulings[-1])

    async def _reverse(self) -> None:
        if self._rulings:
            ruling = self._dice.choice(self._rulings[-20:])
            act = await self._do_to_ruling("reverse", ruling, {"reason": "chaos"})
            if act.is_done:
                self._rulings.append(act.made)

    async def _do_to_ruling(
        self, what: str, ruling: str, body: dict[str, Any] | None = None
    ) -> Act:
        return await self._do(what, ruling, f"enforcement/rulings/{ruling}/{what}/", body)

    async def _decide_appeal(self) -> None:
        appeals = []
        for kind in APPEALED:
            path = f"enforcement/appeals/?decision_type={kind}&page_size=10"
            appeals += await self._read(path)
        if appeals:
            appeal = self._dice.choice(appeals)
            outcome = self._dice.choice(["upheld", "overturned"])
            path = f"enforcement/appeals/{appeal['id']}/decision/"
            await self._do("appeal", appeal["id"], path, {"outcome": outcome, "reason": "chaos"})

    async def _lift(self) -> None:
        sanctions = await self._read("enforcement/sanctions/?state=active&kind=mute")
        if sanctions:
            sanction = self._dice.choice(sanctions)["id"]
            path = f"enforcement/sanctions/{sanction}/lift/"
            await self._do("lift", sanction, path, {"reason": "chaos"})

    async def _read(self, path: str) -> list[dict[str, Any]]:
        answer = await self.client.try_to_ask("GET", path)
        found: list[dict[str, Any]] = answer.json()["results"] if answer.is_success else []
        return found

    async def _do(
        self, what: str, about: str, path: str, body: dict[str, Any] | None = None
    ) -> Act:
        act = Act(what, about, time.monotonic())
        self.acts.append(act)
        answer = await self.client.try_to_ask("POST", path, json=body or {})
        act.ended, act.status = time.monotonic(), answer.status_code
        act.answer = answer.json() if answer.content else {}
        return act


def hire(cluster: Cluster, crowd: Crowd, name: str, *, seed: str) -> Moderator:
    """Add a moderator with an account of their own."""
    client = crowd.joins(name, connect=False)
    cluster.postgres.ask(_RIGHTS, client.id)
    return Moderator(client, seed=seed)


async def complain(person: Client, *, seed: str) -> None:
    """Report what others say, and appeal what was decided, until cancelled."""
    dice = random.Random(seed)
    with suppress(asyncio.CancelledError):
        while True:
            with suppress(httpx.HTTPError, ValueError):
                await _report(person, dice)
                await _appeal(person, dice)
            await asyncio.sleep(dice.expovariate(1))


async def _report(person: Client, dice: random.Random) -> None:
    heard = [
        each.message["id"]
        for room in person.rooms.values()
        for each in room.heard[-20:]
        if each.message["author"]["id"] != person.id
    ]
    if heard:
        body = {"message": dice.choice(heard), "category": dice.choice(["spam", "insult"])}
        await person.try_to_ask("POST", "chat/reports/", json=body)


async def _appeal(person: Client, dice: random.Random) -> None:
    answer = await person.try_to_ask("GET", "me/decisions/")
    if answer.is_success:
        for decision in answer.json()["results"]:
            share = 0.8 if decision["type"] in APPEALED else 0.1
            if decision["appealable"] and dice.random() < share:
                path = f"me/decisions/{decision['id']}/appeal/"
                await person.try_to_ask("POST", path, json={"text": "Por que?"})


async def ask_to_be_erased(person: Client, password: str) -> None:
    """Request the erasure of the account, until the server has confirmed it or closed it."""
    while True:
        with suppress(httpx.HTTPError):
            answer = await person.try_to_ask("POST", "me/erasure/", json={"password": password})
            if answer.is_success or answer.status_code == codes.UNAUTHORIZED:
                return
        await asyncio.sleep(0.2)
