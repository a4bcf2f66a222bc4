"""Providers that leave a trace which another process can read."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import httpx

from moderado.chat.types import MESSAGE
from moderado.moderation.errors import ProviderUnavailable
from moderado.moderation.types import Content, Outcome, Signal


class Counting:
    """Allows everything, and writes one line for each message it receives."""

    name = "counting"
    remote: ClassVar[Literal[False]] = False

    def __init__(self, *, path: str) -> None:
        self._path = Path(path)

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        with self._path.open("a") as bill:
            bill.writelines(
                f"{content.subject_id}/{content.revision}\n"
                for content in contents
                if content.subject_type == MESSAGE
            )
        return [Signal(provider=self.name, recommendation=Outcome.ALLOW) for _ in contents]


class Slow:
    """Allows everything, but texts that say SLOW only once the file `until` exists."""

    name = "slow"
    remote: ClassVar[Literal[True]] = True

    def __init__(self, *, until: str) -> None:
        self._until = Path(until)

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        while any("SLOW" in content.text for content in contents) and not self._until.exists():
            await asyncio.sleep(0.05)
        return [Signal(provider=self.name, recommendation=Outcome.ALLOW) for _ in contents]


class Billed:
    """Asks an HTTP service that keeps its own bill about messages, and allows what it allows."""

    name = "billed"
    remote: ClassVar[Literal[True]] = True

    def __init__(self, *, url: str) -> None:
        self._url = url

    async def assess(self, contents: Sequence[Content]) -> list[Signal]:
        async with httpx.AsyncClient() as client:
            for content in contents:
                if content.subject_type != MESSAGE:
                    continue
                try:
                    answer = await client.post(self._url, json={"id": str(content.subject_id)})
                    answer.raise_for_status()
                except httpx.HTTPError as error:
                    raise ProviderUnavailable from error
        return [Signal(provider=self.name, recommendation=Outcome.ALLOW) for _ in contents]
