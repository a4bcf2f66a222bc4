"""The client's address, when reverse proxies stand before the server."""

from collections.abc import Mapping, Sequence
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

from django.conf import settings

Address = IPv4Address | IPv6Address


def client_address(*, peer: str | None, forwarded_for: str, trusted: Sequence[str]) -> str:
    """Return the right-most address that is not a trusted proxy.

    The X-Forwarded-For header counts only as far as trusted proxies wrote it, so that a client
    cannot choose its own address.

    Args:
        peer: Address of the TCP connection. None for a Unix socket, which only a local proxy opens.
        forwarded_for: The X-Forwarded-For header, or an empty string.
        trusted: Addresses or networks of the proxies.
    """
    verified = "" if peer is None else _normalized(peer)
    if peer is not None and not _is_trusted(verified, trusted):
        return verified
    for hop in reversed(forwarded_for.split(",")):
        address = _parse(hop)
        if address is None:
            break
        verified = str(address)
        if not _is_trusted(verified, trusted):
            break
    return verified


def address_of_request(meta: Mapping[str, Any]) -> str:
    """Return the client address of a Django request, given its `META`."""
    return client_address(
        peer=meta.get("REMOTE_ADDR") or None,
        forwarded_for=meta.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=settings.TRUSTED_PROXIES,
    )


def port_of_request(meta: Mapping[str, Any]) -> int | None:
    """Return the client's source port of a Django request; None if the proxy does not say it."""
    return _client_port(
        peer=meta.get("REMOTE_ADDR") or None,
        port=meta.get("REMOTE_PORT"),
        forwarded_for=meta.get("HTTP_X_FORWARDED_FOR", ""),
        address=address_of_request(meta),
    )


def port_of_scope(scope: Mapping[str, Any]) -> int | None:
    """Return the client's source port of an ASGI scope; None if the proxy does not say it."""
    client = scope.get("client")
    headers = [value for name, value in scope.get("headers", ()) if name == b"x-forwarded-for"]
    return _client_port(
        peer=client[0] if client and client[0] else None,
        port=client[1] if client else None,
        forwarded_for=b",".join(headers).decode("latin-1"),
        address=address_of_scope(scope),
    )


def _client_port(*, peer: str | None, port: object, forwarded_for: str, address: str) -> int | None:
    """Return the port beside the client's address: of the connection, or of the trusted hop."""
    if peer is not None and not _is_trusted(_normalized(peer), settings.TRUSTED_PROXIES):
        return _as_port(str(port))
    for hop in reversed(forwarded_for.split(",")):
        if _normalized(hop) == address:
            head, colon, written = hop.strip().rpartition(":")
            has_port = colon and (head.endswith("]") or ":" not in head)
            return _as_port(written) if has_port else None
    return _as_port(str(port)) if peer is not None and _normalized(peer) == address else None


def _as_port(written: str) -> int | None:
    return int(written) if written.isdecimal() and 0 < int(written) < 65_536 else None  # noqa: PLR2004


def address_of_scope(scope: Mapping[str, Any]) -> str:
    """Return the client address of an ASGI scope, HTTP or WebSocket."""
    client = scope.get("client")
    headers = [value for name, value in scope.get("headers", ()) if name == b"x-forwarded-for"]
    return client_address(
        peer=client[0] if client and client[0] else None,
        forwarded_for=b",".join(headers).decode("latin-1"),
        trusted=settings.TRUSTED_PROXIES,
    )


def is_trusted_proxy(peer: str) -> bool:
    """Tell whether the peer of a connection is a reverse proxy in TRUSTED_PROXIES."""
    return _is_trusted(_normalized(peer), settings.TRUSTED_PROXIES)


def rate_limit_key(address: str) -> str:
    """Return the key of a limit per address. An IPv6 /64 has one owner, so it counts as one."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return address


def site_of(address: str) -> str | None:
    """Return the IPv6 /48 of an address, which one owner may hold; None for IPv4."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 48), strict=False))
    return None


def network_of(address: str) -> str:
    """Return the network that counts as one place: an IPv4 /24 or an IPv6 /64."""
    parsed = _parse(address)
    if parsed is None:
        return address
    prefix = 64 if isinstance(parsed, IPv6Address) else 24
    return str(ip_network((parsed, prefix), strict=False))


def _normalized(text: str) -> str:
    address = _parse(text)
    return text if address is None else str(address)


def _parse(text: str) -> Address | None:
    """Parse one hop; some proxies add a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`."""
    hop = text.strip()
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_trusted(address: str, trusted: Sequence[str]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in _networks(tuple(trusted)))


@cache
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text, strict=False) for text in trusted)
