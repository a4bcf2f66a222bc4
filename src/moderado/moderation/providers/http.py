"""HTTP calls of remote providers: one client for each event loop, and what an error means.

Redirects are not followed, answers are limited in size, and no exception carries a text or a key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import httpx2

from moderado.moderation.errors import NotTaken, ProviderUnavailable
from moderado.moderation.outbound.answers import MAX_ANSWER_BYTES, Unreadable, read_json
from moderado.moderation.providers.public_addresses import certificates
from moderado.moderation.types import MAX_CALLS

# Nothing is sent yet when these seconds are over. `calls` counts the time of the answer: it
# knows whether this process was there to read it.
TIMEOUT = httpx2.Timeout(None, connect=2.0, pool=4.0)
# Statuses that say that the call was not carried out, and that a repeat will not help.
_REJECTED = frozenset({401, 402, 403, 404, 405, 410})
_BUSY = 429
_OK = 200
_CLIENT_ERRORS = range(400, 500)
_DEFAULT_REST = 5.0  # seconds, if a busy service names none
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})

Send = Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: its status, headers with names in lower case, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the body. Raises Unreadable."""
        return read_json(self.body)


class Caller:
    """Calls one service.

    Args:
        transport: Makes the transport of each event loop; None for the usual one.
    """

    def __init__(self, *, transport: Callable[[], httpx2.AsyncBaseTransport] | None = None) -> None:
        self._transport = transport
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
            WeakKeyDictionary()
        )

    async def post(
        self, url: str, *, headers: Mapping[str, str], json: Any = None, content: bytes = b""
    ) -> Answer:
        """Send one request and read the answer.

        Raises:
            ProviderUnavailable: There is no complete answer of an acceptable size, or it is too
                large.
        """
        body: dict[str, Any] = {"json": json} if json is not None else {"content": content}
        try:
            async with self._client().stream("POST", url, headers=headers, **body) as response:
                read = b""
                async for part in response.aiter_bytes():
                    read += part
                    if len(read) > MAX_ANSWER_BYTES:
                        raise ProviderUnavailable("large_answer", refused=True)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, names, read)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise ProviderUnavailable("not_connected", not_done=True) from error
        except httpx2.HTTPError as error:
            raise ProviderUnavailable("broken_connection") from error

    async def close(self) -> None:
        """Close the client of the running event loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _client(self) -> httpx2.AsyncClient:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = httpx2.AsyncClient(
                timeout=TIMEOUT,
                follow_redirects=False,
                trust_env=False,
                transport=self._transport() if self._transport else None,
                verify=certificates(),
                limits=httpx2.Limits(max_connections=MAX_CALLS),
            )
            self._clients[loop] = client
        return client


def check(answer: Answer) -> Answer:
    """Return an answer with status 200.

    Raises:
        ProviderUnavailable: The status says what is known about the call.
    """
    status = answer.status
    if status == _OK:
        return answer
    if status == _BUSY:
        if _error_code(answer) in _SPENT:
            raise ProviderUnavailable("quota", exhausted=True)
        raise ProviderUnavailable("busy", retry_after=_rest(answer))
    if status in _REJECTED:
        raise ProviderUnavailable("rejected", exhausted=True)
    if status in _CLIENT_ERRORS:
        raise NotTaken("bad_request")
    raise ProviderUnavailable("server_error")


def _rest(answer: Answer) -> float:
    """Return the seconds of Retry-After, in seconds or milliseconds."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(float(answer.headers[name]) / unit, 0.0)
        except (KeyError, ValueError):
            continue
    return _DEFAULT_REST


def _error_code(answer: Answer) -> str:
    try:
        error = answer.json().get("error")
    except Unreadable:
        return ""
    return str(error.get("code") or error.get("type")) if isinstance(error, dict) else ""
