"""Connections to public addresses only, against server-side request forgery.

A name is resolved once. Each of its addresses is checked, and the connection goes to a checked
address: a name that changes its address between check and connection (rebinding) gains nothing.
Addresses that contain others (IPv4 in IPv6, NAT64, 6to4, Teredo, ISATAP) count as the contained
ones. Python's `is_global` knows the registries of its release only, so that ranges are named here.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

import httpcore2
import httpx2

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@cache
def certificates() -> ssl.SSLContext:
    """Return the certificates of this machine, which take tens of milliseconds to load."""
    return ssl.create_default_context()


_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, deprecated
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})  # begin an interface identifier: RFC 5214, 6.1
_UNICAST = IPv6Network("2000::/3")  # all that IANA gives away as global unicast
_SPECIAL: Sequence[Network] = (
    IPv4Network("192.0.0.0/24"),  # RFC 6890; a cloud keeps its metadata at 192.0.0.192
    IPv4Network("192.88.99.0/24"),  # RFC 7526, relays of 6to4
    IPv4Network("168.63.129.16/32"),  # the host of a virtual machine, in one cloud
    IPv6Network("3fff::/20"),  # RFC 9637, documentation
)


def guarded_transport(networks: Sequence[str] = ()) -> Callable[[], httpx2.AsyncBaseTransport]:
    """Return what makes the guarded transport of an event loop.

    Args:
        networks: Allowed though they are not public.

    Raises:
        ValueError: A network is none.
    """
    allowed = [ip_network(each) for each in networks]

    def make() -> httpx2.AsyncBaseTransport:
        transport = httpx2.AsyncHTTPTransport(verify=certificates(), trust_env=False)
        transport._pool._network_backend = GuardedBackend(allowed)  # noqa: SLF001  (no other way)
        return transport

    return make


def is_allowed(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Tell whether a connection to `address` is allowed: it is public, or in an allowed network."""
    real = _contained(address)
    if any(real in network for network in allowed):
        return True
    if isinstance(real, IPv6Address) and real not in _UNICAST:
        return False
    return (
        real.is_global
        and not real.is_multicast
        and not any(real in network for network in _SPECIAL)
    )


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to allowed addresses; for others it sends nothing."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the library's signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of `host` that answers, if all its addresses are allowed."""
        addresses = await _resolved(host, port)
        if not addresses or not all(is_allowed(each, self._allowed) for each in addresses):
            raise httpcore2.ConnectError("the address is not allowed")
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  (the library's signature)
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Refuse: a webhook is no local socket."""
        raise httpcore2.ConnectError("the address is not allowed")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


async def _resolved(host: str, port: int) -> list[Address]:
    """Return the addresses of a name or a number in any notation, without duplicates."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError("the name is not known") from error
    texts = dict.fromkeys(str(place[0]).partition("%")[0] for *_, place in found)
    return [ip_address(text) for text in texts]


def _contained(address: Address) -> Address:
    """Return the address that is meant, in place of one that contains it."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    is_isatap = int(address) >> 32 & 0xFFFF_FFFF in _ISATAP
    if address in _NAT64 or is_isatap or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
