"""Keeps a service's limits of requests and tokens, together with all other workers.

Uses are counted in Redis by `core.limits`, so that all workers share one pace. The limits are those
that the service announces in `x-ratelimit-*`; until its first answer, the configured ones. If the
service says that nothing is left, no request is sent before it says there is.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from math import ceil

from moderado.core import limits
from moderado.core.errors import RateLimited
from moderado.core.limits import Use
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.providers.base import CHARACTERS_A_TOKEN

TOKENS_A_USE = 100  # tokens are counted in hundreds: each use is one entry
MAX_USES = 64  # of one request
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LONGEST_REST = 3600.0  # seconds


class Pace:
    """The pace of one provider.

    Args:
        name: Of the provider: workers with the same name share the pace.
        requests: Requests a minute, until the service announces its own limit; 0: no limit.
        tokens: Likewise.
    """

    def __init__(self, name: str, *, requests: int, tokens: int) -> None:
        self._name = name
        self._requests, self._tokens = requests, tokens
        self._not_before = 0.0

    async def take(self, characters: int) -> None:
        """Count a request with texts of so many characters.

        Raises:
            ProviderUnavailable: The pace does not allow it yet; `retry_after` says when it will.
        """
        wait = self._not_before - time.monotonic()
        if wait > 0:
            raise ProviderUnavailable("paced", retry_after=wait)
        uses = self._uses(ceil(characters / CHARACTERS_A_TOKEN))
        if not uses:
            return
        refusal = await asyncio.to_thread(_count, uses)
        if refusal is not None:
            raise ProviderUnavailable("paced", retry_after=float(refusal.retry_after))

    def learn(self, headers: Mapping[str, str]) -> None:
        """Adopt the limits that an answer announces."""
        self._requests = _number(headers, "x-ratelimit-limit-requests") or self._requests
        self._tokens = _number(headers, "x-ratelimit-limit-tokens") or self._tokens
        for kind in ("requests", "tokens"):
            if _number(headers, f"x-ratelimit-remaining-{kind}") == 0:
                rest = duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
                self._not_before = max(self._not_before, time.monotonic() + rest)

    def _uses(self, tokens: int) -> list[Use]:
        uses: list[Use] = []
        if self._requests:
            uses.append((f"{self._requests}/minute", ("provider", "requests", self._name)))
        if self._tokens:
            most = max(1, self._tokens // TOKENS_A_USE)
            one = (f"{most}/minute", ("provider", "tokens", self._name))
            uses += [one] * min(max(1, ceil(tokens / TOKENS_A_USE)), most, MAX_USES)
        return uses


def duration(written: str) -> float:
    """Return the seconds of a duration such as `1m2.5s` or `120ms`; 1 if it is none."""
    if not (parts := _PART.findall(written.replace(" ", ""))):
        return 1.0
    return min(sum(float(number) * _SECONDS[unit] for number, unit in parts), _LONGEST_REST)


def _count(uses: list[Use]) -> RateLimited | None:
    (refusal,) = limits.hit_all([uses])
    if refusal is not None and refusal.counted:
        limits.give_back(uses[: refusal.counted])  # nothing is sent
    return refusal


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None
