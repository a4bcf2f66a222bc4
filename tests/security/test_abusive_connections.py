"""The real server under abusive connections."""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from moderado.accounts.models import User
from moderado.realtime.node import Timing
from tests import processes
from tests.integration.realtime.clients import Client, connected
from tests.integration.realtime.conftest import make_token, make_user
from tests.integration.realtime.session.test_access import cookie_of
from tests.security.floods import FLOODS, flood

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

SILENT = 1_000
HALF_OPEN = 500
NEWCOMERS = 20
GREETED_WITHIN = 1.0  # seconds, the p99 of new connections


@pytest.fixture(scope="module")
def url(django_db_setup: None, tmp_path_factory) -> Iterator[str]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    settings = {
        "LIMIT_SOCKETS_PER_ADDRESS": "100000",
        "LIMIT_SOCKETS_PER_USER": "100000",
        "LIMIT_SIGN_IN_PER_ADDRESS": "3/hour",
    }
    settings = processes.UNLIMITED_QUOTAS | settings  # all clients have one address
    with processes.web(tmp_path_factory.mktemp("web") / "log", settings) as url:
        yield url.replace("http:", "ws:")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def opened(url: str) -> ClientConnection:
    """Open a socket that sends nothing."""
    return await connect(
        f"{url}/ws/chat/", proxy=None, compression=None, ping_interval=None, open_timeout=20
    )


async def greet(url: str, token: str) -> float:
    """Return the seconds until a new connection was greeted and answered."""
    began = time.monotonic()
    async with connected(f"{url}/ws/chat/?token={token}") as client:
        await client.next("connection_established")
        await client.up_to_date()
    return time.monotonic() - began


async def ended(connection: ClientConnection, since: float) -> tuple[int | None, float]:
    """Return the close code and the seconds until the server closed the socket."""
    try:
        while True:
            await connection.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None, time.monotonic() - since


@pytest.mark.proves("S8")
@pytest.mark.slow
async def test_1000_silent_sockets_delay_no_user_and_time_out(url: str):
    await time_out_silent_sockets(url)


@pytest.mark.long  # needs a machine of its own
@pytest.mark.proves("S8")
async def test_silent_sockets_end_within_5_seconds_of_their_limit(url: str):
    assert max(await time_out_silent_sockets(url)) < Timing().authentication + 5


async def time_out_silent_sockets(url: str) -> tuple[float, ...]:
    """Let 1,000 sockets end that send nothing; return the seconds that each was open."""
    token, met = await make_token(await make_user()), 0
    ends = []
    for _ in range(SILENT // 50):
        since = time.monotonic()
        batch = await asyncio.gather(*(opened(url) for _ in range(50)))
        ends += [asyncio.create_task(ended(connection, since)) for connection in batch]
        await greet(url, token)
        met += not any(end.done() for end in ends[-50:])  # before the newest were closed
    codes, seconds = zip(*await asyncio.gather(*ends), strict=True)

    assert met >= SILENT // 100
    assert set(codes) == {4001}
    limit = Timing().authentication
    assert limit == 10  # as docs/protocol.md says
    assert min(seconds) >= limit
    return seconds


@asynccontextmanager
async def half_open(url: str) -> AsyncIterator[None]:
    """Keep many handshakes incomplete, sending one byte at a time."""
    where = urlsplit(url)
    head = f"GET /ws/chat/ HTTP/1.1\r\nHost: {where.netloc}\r\nUpgrade: websocket\r\nX-Slow: "
    async with AsyncExitStack() as stack:
        writers = []
        for _ in range(HALF_OPEN):
            _, writer = await asyncio.open_connection(where.hostname, where.port)
            stack.callback(writer.close)
            writer.write(head.encode())
            writers.append(writer)

        async def dribble() -> None:
            while True:
                for writer in writers:
                    writer.write(b"x")
                await asyncio.sleep(0.1)

        dribbling = asyncio.create_task(dribble())
        yield
        assert not dribbling.done()
        dribbling.cancel()


@pytest.mark.proves("S21")
async def test_slowloris_handshakes_do_not_delay_new_connections(url: str):
    token = await make_token(await make_user())

    async with half_open(url):
        for _ in range(NEWCOMERS):
            await greet(url, token)


@pytest.mark.long  # needs a machine of its own
@pytest.mark.parametrize(
    "crowd",
    [
        pytest.param("silent", marks=pytest.mark.proves("S8")),
        pytest.param("half-open", marks=pytest.mark.proves("S21")),
    ],
)
async def test_new_connections_are_greeted_within_a_second(url: str, crowd: str):
    token = await make_token(await make_user())
    async with AsyncExitStack() as stack:
        if crowd == "half-open":
            await stack.enter_async_context(half_open(url))
        else:
            for _ in range(SILENT // 50):
                sockets = await asyncio.gather(*(opened(url) for _ in range(50)))
                for socket in sockets:
                    stack.push_async_callback(socket.close)
        waits = sorted([await greet(url, token) for _ in range(60)])

    assert waits[-1] < GREETED_WITHIN


@pytest.mark.proves("S17")
async def test_compression_is_refused_and_a_compressed_frame_closes_its_socket(url: str):
    token = await make_token(await make_user())
    address = f"{url}/ws/chat/?token={token}"
    async with connected(address, compression="deflate") as bomber, connected(address) as other:
        for client in (bomber, other):
            await client.next("connection_established")
        assert "Sec-WebSocket-Extensions" not in bomber.connection.response.headers

        frame = bytearray(Frame(Opcode.TEXT, b"\xaa" * 1_000).serialize(mask=True))
        frame[0] |= 0x40  # RSV1: "compressed"
        bomber.connection.transport.write(frame)

        assert await bomber.closed() == 1002
        await other.up_to_date()


@pytest.mark.proves("S20")
async def test_forwarded_headers_do_not_change_the_client_address(url: str):
    """Connect from the loopback, which servers tend to trust as a proxy."""
    async with httpx.AsyncClient(base_url=url.replace("ws:", "http:")) as http:
        statuses = []
        for number in range(4):
            claims = dict.fromkeys(("X-Forwarded-For", "X-Real-IP"), f"203.0.113.{number}")
            wrong = {"email": f"{number}@example.org", "password": "wrong"}
            answer = await http.post("/api/auth/login/", json=wrong, headers=claims)
            statuses.append(answer.status_code)

    assert statuses == [401, 401, 401, 429]


async def rebound(url: str, user: User) -> Client:
    """Send what a foreign page sends after DNS rebinding."""
    cookie = await asyncio.to_thread(cookie_of, user)
    where = urlsplit(url)
    connection = await connect(
        f"ws://evil.example:{where.port}/ws/chat/",
        host=where.hostname,
        port=where.port,
        origin=f"http://evil.example:{where.port}",
        additional_headers={"Cookie": cookie},
        proxy=None,
    )
    return Client(connection)


@pytest.mark.proves("S1", "S4", "S39")
async def test_dns_rebinding_opens_no_socket(url: str):
    with pytest.raises(InvalidStatus) as refused:
        await rebound(url, await make_user())

    assert refused.value.response.status_code == 403


LONGEST_STALL = 2.5  # seconds, a bucket of the metric: far beyond what a busy machine causes


async def metrics(url: str) -> list[str]:
    async with httpx.AsyncClient(base_url=url.replace("ws:", "http:"), timeout=30) as http:
        return (await http.get("/metrics")).text.splitlines()


def value(lines: list[str], name: str) -> float:
    """Return the value of a metric, 0 if it was never changed."""
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


async def long_stalls(url: str) -> float:
    """Count the long stalls so far, by one reading: more may be counted between two."""
    lines, name = await metrics(url), "moderado_event_loop_stall_seconds"
    return value(lines, f"{name}_count") - value(lines, f'{name}_bucket{{le="{LONGEST_STALL}"}}')


@pytest.mark.proves("S42")
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["unknown", "signed in"])
@pytest.mark.parametrize("name", FLOODS)
async def test_flood_is_cut_off_or_slowed_while_others_are_served(
    url: str, name: str, is_signed_in: bool
):
    token = await make_token(await make_user())
    path = f"/ws/chat/?token={await make_token(await make_user())}" if is_signed_in else "/ws/chat/"
    before = await long_stalls(url)

    async with connected(f"{url}/ws/chat/?token={token}") as other:
        await other.next("connection_established")
        flooding = [
            asyncio.create_task(flood(url, path, FLOODS[name], seconds=30)) for _ in range(4)
        ]
        for _ in range(5):
            await other.up_to_date()
        ends = await asyncio.gather(*flooding)

    assert all(end.is_cut_off for end in ends)
    assert await long_stalls(url) == before


@pytest.mark.proves("S42")
async def test_pings_whose_pongs_are_never_read_take_no_memory(url: str):
    before = value(await metrics(url), "process_resident_memory_bytes")

    ends = await asyncio.gather(
        *(flood(url, "/ws/chat/", FLOODS["large pings"], seconds=5, reads=False) for _ in range(10))
    )

    assert all(end.is_cut_off for end in ends)
    after = value(await metrics(url), "process_resident_memory_bytes")
    assert after - before <= 20 * 1024 * 1024
