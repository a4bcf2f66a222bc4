"""Checks of the addresses in the environment.

Each returns what it was given, or raises a ValueError that says what to write. Addresses that may
contain a password are not quoted.
"""

import re
from ipaddress import ip_network
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

# A name, a name after a dot for all its subdomains, or an address; as Django compares hosts.
_HOST = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)
_BIND = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])?:\d{1,5}|unix:.+|fd://\d+", re.IGNORECASE)


def checked_host(host: str) -> str:
    """Check a host name of this server."""
    if host == "*":
        raise ValueError("'*' would switch the origin check of the sockets off: name the hosts")
    if not _HOST.fullmatch(host):
        raise ValueError(f"'{host}' is no host: write chat.example, without https:// and port")
    return host


def checked_bind(address: str) -> str:
    """Check an address on which gunicorn listens."""
    if not _BIND.fullmatch(address):
        raise ValueError(f"'{address}' is no address: write host:port, as in 127.0.0.1:8000")
    return address


def checked_network(network: str) -> str:
    """Check an IP address or network."""
    try:
        ip_network(network, strict=False)
    except ValueError:
        raise ValueError(f"'{network}' is no network: write 192.0.2.7 or 192.0.2.0/24") from None
    return network


def checked_origin(origin: str) -> str:
    """Check the origin of a page."""
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"'{origin}' is no origin: write https://host, without a path")
    return origin


def checked_database(url: SecretStr) -> SecretStr:
    """Check an address of PostgreSQL as libpq understands it: it may name several hosts."""
    address = url.get_secret_value()
    try:
        conninfo_to_dict(address)
        is_valid = address.startswith(("postgres://", "postgresql://"))
    except ProgrammingError:
        is_valid = False
    if not is_valid:
        raise ValueError("an address postgres://user:password@host:port/name is needed")
    return url


def checked_redis(url: SecretStr) -> SecretStr:
    """Check an address of Redis or Valkey, over TCP, TLS or a Unix socket."""
    try:
        parts = urlsplit(url.get_secret_value())
        is_valid = parts.scheme in {"redis", "rediss", "unix"} and parts.port != 0
    except ValueError:  # of a port that is no number, too
        is_valid = False
    if not is_valid:
        raise ValueError("an address redis://host:port/0 is needed")
    return url
