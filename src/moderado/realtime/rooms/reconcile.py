"""What no hint announced: found in PostgreSQL, every few seconds, for everything in use here."""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from moderado.core import failpoints
from moderado.core.errors import Unavailable
from moderado.realtime.infra import queries
from moderado.realtime.pubsub import fanout
from moderado.realtime.wire.close_codes import CloseCode

if TYPE_CHECKING:
    from moderado.realtime.rooms.hub import Hub

log = structlog.get_logger(__name__)

ROUND = 2.5  # seconds between two rounds
IN_FLIGHT = 0.3  # seconds that a hint may be on its way before it is missed
VERDICT_AFTER = 1.5  # seconds after which a verdict is asked for
SESSIONS_EVERY = 8  # rounds
LEASES_EVERY = 4  # rounds
DEAF_AFTER = 12.0  # seconds without one's own beat


class Reconciler:
    """The periodic check of one hub."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._rounds = 0

    async def run(self) -> None:
        """For ever. A round that fails is logged, and the next one comes."""
        while True:
            await asyncio.sleep(ROUND)
            self._rounds += 1
            try:
                await self._round()
            except Unavailable:
                log.warning("healing_postponed")
            except Exception:
                log.exception("healing_failed")

    async def _round(self) -> None:
        if failpoints.reach("hub.healing"):
            return
        await self._listen_again()
        if self._rounds % LEASES_EVERY == 0:
            self._hub.run(self._renew_leases())
        await self.rooms()
        await self.verdicts()
        if self._rounds % SESSIONS_EVERY == 0:
            await self.sessions()

    async def _listen_again(self) -> None:
        """Whether the hub still hears: by a hint to itself, on the way that all hints take."""
        hub, now = self._hub, asyncio.get_running_loop().time()
        if hub.groups.channel is not None:
            fanout.send_beat(hub.groups.channel)
        if now - hub.last_beat > DEAF_AFTER:
            hub.last_beat = now
            log.warning("hub_deaf")
            hub.resubscribe()
        await hub.groups.mend()

    async def _renew_leases(self) -> None:
        await self._hub.connections.renew()
        await self._hub.presence.renew(self._hub)

    async def rooms(self) -> None:
        """Every room in use here, in one query: where it stands, and who may have been removed."""
        room_ids = list(self._hub.rooms)
        if not room_ids:
            return
        heads = await queries.heads(room_ids)
        await asyncio.sleep(IN_FLIGHT)
        for room_id in room_ids:
            room, head = self._hub.rooms.get(room_id), heads.get(room_id)
            if room is None:
                continue
            if head is not None:
                room.take(head)
            else:
                for socket in list(room.subscriptions):
                    self._hub.detach(socket, room_id, CloseCode.NO_SUCH_ROOM)

    async def verdicts(self) -> None:
        """What became of messages whose authors were told that they wait, and nothing since."""
        waiting = self._waiting()
        for told in await queries.settled(waiting) if waiting else ():
            hint = fanout.author_note(told)
            for socket in list(self._hub.users.get(told.author_id, ())):
                if told.view.id in socket.awaited:
                    self._hub.tell_of(socket, hint)
                    socket.awaited.pop(told.view.id, None)

    def _waiting(self) -> set[UUID]:
        before = asyncio.get_running_loop().time() - VERDICT_AFTER
        return {
            message_id
            for sockets in self._hub.users.values()
            for socket in sockets
            for message_id, awaited in socket.awaited.items()
            if awaited.since < before
        }

    async def sessions(self) -> None:
        """Sessions that ended without a hint, and users who are no longer active."""
        users = self._hub.users
        principals = {s.principal for sockets in users.values() for s in sockets if s.principal}
        if not principals:
            return
        alive = await queries.sessions_alive({principal.session_id for principal in principals})
        for principal in principals:
            if principal.session_id not in alive:
                self._hub.close_sessions(principal.user_id, lambda session: session not in alive)
