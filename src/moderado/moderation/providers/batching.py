"""Joins texts that are asked about at the same time into one request.

Each text keeps its own reservation, answer and failure. A text that the service does not take is
asked about alone, so that it costs the others nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from moderado.moderation.errors import NotTaken, ProviderUnavailable

Result = TypeVar("Result")

DELAY = 0.02  # seconds that the first text of a batch waits for others


@dataclass
class _Waiting(Generic[Result]):
    texts: list[tuple[str, "asyncio.Future[Result]"]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


class Batcher(Generic[Result]):
    """Asks about texts in batches.

    Args:
        ask: Sends one request; returns exactly one result for each text, in order.
        size: Most texts of a request.
        characters: Most characters of a request; a longer text is sent alone.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[str]], Awaitable[Sequence[Result]]],
        *,
        size: int,
        characters: int,
    ) -> None:
        self._ask, self._size, self._characters = ask, size, characters
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Waiting[Result]] = (
            WeakKeyDictionary()
        )

    async def result(self, text: str) -> Result:
        """Return the result for one text. Raises ProviderUnavailable."""
        loop = asyncio.get_running_loop()
        waiting = self._loops.setdefault(loop, _Waiting())
        characters = sum(len(each) for each, _ in waiting.texts)
        if waiting.texts and characters + len(text) > self._characters:
            self._send(waiting)
        future: asyncio.Future[Result] = loop.create_future()
        waiting.texts.append((text, future))
        if len(waiting.texts) >= self._size:
            self._send(waiting)
        elif waiting.timer is None:
            waiting.timer = loop.call_later(DELAY, self._send, waiting)
        return await future

    def _send(self, waiting: _Waiting[Result]) -> None:
        if waiting.timer is not None:
            waiting.timer.cancel()
            waiting.timer = None
        texts, waiting.texts = waiting.texts, []
        asked = [(text, future) for text, future in texts if not future.done()]
        if asked:
            task = asyncio.get_running_loop().create_task(self._answer(asked))
            waiting.tasks.add(task)  # the loop alone would not keep it
            task.add_done_callback(waiting.tasks.discard)

    async def _answer(self, asked: list[tuple[str, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._ask([text for text, _ in asked])
        except NotTaken as error:
            if len(asked) == 1:
                _fail(asked, error)
            for each in asked if len(asked) > 1 else ():
                await self._answer([each])
        except Exception as error:  # noqa: BLE001  (each caller gets it)
            _fail(asked, error)
        except BaseException:
            _fail(asked, ProviderUnavailable("stopped"))  # no caller waits for ever
            raise
        else:
            for (_, future), result in zip(asked, results, strict=True):
                if not future.done():
                    future.set_result(result)


def _fail(asked: Sequence[tuple[str, "asyncio.Future[Result]"]], error: Exception) -> None:
    for _, future in asked:
        if not future.done():
            future.set_exception(error)
