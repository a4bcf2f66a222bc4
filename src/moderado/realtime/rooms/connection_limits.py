"""How many sockets one account and one address may hold open, counted over all processes."""

from uuid import UUID

from django.conf import settings

from moderado.core.addresses import counted_as
from moderado.realtime.infra.leases import Leases


class ConnectionLimits:
    """The open sockets of this process, and leases by which other processes count them.

    While Redis is away each process counts its own.
    """

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[str, set[str]] = {}
        self._keys: dict[str, list[str]] = {}

    async def admit_address(self, socket_id: str, address: str) -> bool:
        """Count a socket of this address, or refuse it."""
        key = f"moderado:sockets:address:{counted_as(address)}"
        return await self._admit(socket_id, key, settings.ENV.limit_sockets_per_address)

    async def admit_user(self, socket_id: str, user_id: UUID) -> bool:
        """Count a socket of this account, or refuse it."""
        key = f"moderado:sockets:user:{user_id}"
        return await self._admit(socket_id, key, settings.ENV.limit_sockets_per_user)

    async def release(self, socket_id: str) -> None:
        """A socket is closed."""
        for key in self._keys.pop(socket_id, ()):
            self._drop(key, socket_id)
            await self._leases.release(key, socket_id)

    async def renew(self) -> None:
        """Keep the leases of the sockets that are open."""
        for key, held in list(self._held.items()):
            await self._leases.hold(key, list(held))

    async def _admit(self, socket_id: str, key: str, limit: int) -> bool:
        held = self._held.setdefault(key, set())
        if len(held) >= limit:
            return False
        held.add(socket_id)
        if await self._leases.hold(key, [socket_id], limit=limit):
            self._keys.setdefault(socket_id, []).append(key)
            return True
        self._drop(key, socket_id)
        return False

    def _drop(self, key: str, socket_id: str) -> None:
        held = self._held.get(key, set())
        held.discard(socket_id)
        if not held:
            self._held.pop(key, None)
