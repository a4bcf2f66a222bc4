"""Webhooks reach public addresses only: nothing is sent to any other."""

import asyncio
import socket
from ipaddress import ip_address, ip_network
from uuid import uuid4

import httpcore2
import pytest
from pydantic import SecretStr

from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.public_addresses import GuardedBackend, is_allowed
from moderado.moderation.providers.webhook import WebhookProvider
from moderado.moderation.types import Content

pytestmark = pytest.mark.proves("S26")

FORBIDDEN = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "::127.0.0.1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1",
    # Not in every Python's list: metadata of two clouds, relays, translators, tunnels, what no
    # registry has given to anyone.
    "192.0.0.192", "168.63.129.16", "192.88.99.1", "::ffff:0:7f00:1", "::ffff:0:10.0.0.1",
    "64:ff9b:1::7f00:1", "fec0::1", "5f00::1", "3fff::1", "100:0:0:1::1", "4000::1", "1::1",
    "2606:2800::5efe:7f00:1", "2606:2800::200:5efe:10.0.0.1", "2002:c000:c0::1",
    "64:ff9b::c000:c0", "::ffff:192.0.0.192",
]  # fmt: skip


@pytest.mark.proves("S93")
@pytest.mark.parametrize("address", FORBIDDEN)
def test_special_addresses_are_forbidden(address):
    assert not is_allowed(ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_allowed(address):
    assert is_allowed(ip_address(address))


def test_allowed_network_opens_itself_alone():
    allowed = [ip_network("10.0.0.0/8")]

    assert is_allowed(ip_address("10.1.2.3"), allowed)
    assert is_allowed(ip_address("::ffff:10.1.2.3"), allowed)
    assert not is_allowed(ip_address("127.0.0.1"), allowed)


@pytest.fixture
def listener():
    """A local server that must not be reached; `accepted` tells whether it was."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def was_reached(server):
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


HOSTS = [
    "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0",
    "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
async def test_local_server_gets_no_packet(listener, settings, host):
    settings.PROVIDER_SECRETS = {"webhook": SecretStr("whsec_" + "QUJD" * 8)}
    port = listener.getsockname()[1]
    provider = WebhookProvider(url=f"https://{host}:{port}/hook")
    content = Content(
        subject_type="message", subject_id=uuid4(), revision=1, text="o endereço é interno"
    )

    with pytest.raises(ProviderUnavailable) as refused:
        await provider.assess([content])
    await provider._caller.close()

    assert refused.value.not_done or refused.value.exhausted
    assert not was_reached(listener)


async def test_rebinding_name_is_refused_and_connected_to_what_was_checked(monkeypatch):
    """The name is resolved once: what is checked is what is connected to."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    connected, resolved = [], []

    async def getaddrinfo(host, port, **_):
        resolved.append(host)
        return [(0, 0, 0, "", (address, port)) for address in next(answers)]

    class Recording:
        async def connect_tcp(self, host, *_):
            connected.append(host)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    backend = GuardedBackend([])
    backend._backend = Recording()

    await backend.connect_tcp("rebind.example", 443)
    with pytest.raises(httpcore2.ConnectError):
        await backend.connect_tcp("rebind.example", 443)

    assert connected == ["93.184.215.14"]
    assert resolved == ["rebind.example", "rebind.example"]


async def test_name_with_one_private_address_among_public_ones_is_refused(monkeypatch):
    async def getaddrinfo(host, port, **_):
        return [(0, 0, 0, "", (each, port)) for each in ("93.184.215.14", "10.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)

    with pytest.raises(httpcore2.ConnectError):
        await GuardedBackend([]).connect_tcp("mixed.example", 443)
    with pytest.raises(httpcore2.ConnectError):
        await GuardedBackend([]).connect_unix_socket("/run/docker.sock")
