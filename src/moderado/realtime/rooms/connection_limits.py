"""How many connections one account and one address may hold open, counted over all processes.

Each process holds a lease for each connection. While Redis does not answer, each process counts its
own connections only.
"""

from uuid import UUID

from django.conf import settings

from moderado.core.addresses import rate_limit_key
from moderado.realtime.infra.leases import Leases


class ConnectionLimits:
    """Admits connections up to the configured limits."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._held: dict[str, set[str]] = {}
        self._keys: dict[str, list[str]] = {}

    async def admit_address(self, connection_id: str, address: str) -> bool:
        """Count a connection of this address. False when it has too many."""
        key = f"moderado:sockets:address:{rate_limit_key(address)}"
        return await self._admit(connection_id, key, settings.ENV.limit_sockets_per_address)

    async def admit_user(self, connection_id: str, user_id: UUID) -> bool:
        """Count a connection of this account. False when it has too many."""
        key = f"moderado:sockets:user:{user_id}"
        return await self._admit(connection_id, key, settings.ENV.limit_sockets_per_user)

    async def has_user(self, user_id: UUID) -> bool | None:
        """Tell whether an account has a connection to any process; None: Redis does not answer."""
        found = await self._leases.sweep(f"moderado:sockets:user:{user_id}", limit=1)
        return None if found is None else bool(found[1])

    async def release(self, connection_id: str) -> None:
        """Count a connection no longer: it is closed."""
        for key in self._keys.pop(connection_id, ()):
            self._drop(key, connection_id)
            await self._leases.release(key, connection_id)

    async def renew(self) -> None:
        """Renew the leases of all open connections."""
        for key, held in list(self._held.items()):
            await self._leases.hold(key, list(held))

    async def _admit(self, connection_id: str, key: str, limit: int) -> bool:
        held = self._held.setdefault(key, set())
        if len(held) >= limit:
            return False
        held.add(connection_id)
        if await self._leases.hold(key, [connection_id], limit=limit):
            self._keys.setdefault(connection_id, []).append(key)
            return True
        self._drop(key, connection_id)
        return False

    def _drop(self, key: str, connection_id: str) -> None:
        held = self._held.get(key, set())
        held.discard(connection_id)
        if not held:
            self._held.pop(key, None)
