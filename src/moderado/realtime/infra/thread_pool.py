"""Threads for work that blocks: who worked last works next.

What a thread has used, its connection and the server's process behind it, is still in the caches
of the processor then. An executor of the standard library goes round all its threads.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

R = TypeVar("R")


class _Task(NamedTuple):
    work: Callable[[], Any]
    answer: "asyncio.Future[Any]"


_Tasks = SimpleQueue[_Task]


class Threads:
    """As many threads as there is work at once: the caller limits that."""

    def __init__(self, *, name: str, rest: float, when_over: Callable[[], None]) -> None:
        """A thread that had nothing to do for `rest` seconds calls `when_over`, and ends."""
        self._name = name
        self._rest = rest
        self._when_over = when_over
        self._idle: list[_Tasks] = []
        self._turn = threading.Lock()

    def carry_out(self, work: Callable[[], R]) -> "asyncio.Future[R]":
        """What `work` returns or raises, as a future of the running loop. Should it be cancelled,
        the work is done all the same."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        with self._turn:
            tasks = self._idle.pop() if self._idle else None
            if tasks is not None:
                tasks.put(_Task(work, answer))
                return answer
        self._start(_Task(work, answer))
        return answer

    def _start(self, first: _Task) -> None:
        tasks: _Tasks = SimpleQueue()
        tasks.put(first)
        # A daemon: what hangs in a dead network does not keep the process from ending.
        threading.Thread(target=self._work, args=(tasks,), name=self._name, daemon=True).start()

    def _work(self, tasks: _Tasks) -> None:
        while (task := self._next(tasks)) is not None:
            result, error = None, None
            try:
                result = task.work()
            except BaseException as raised:  # noqa: BLE001  (the asker's to judge)
                error = raised
            with self._turn:
                self._idle.append(tasks)
            with suppress(RuntimeError):  # the loop has ended, and whoever asked with it
                task.answer.get_loop().call_soon_threadsafe(_answer, task.answer, result, error)
            del task, result, error  # nothing is kept alive by a thread that rests
        self._when_over()

    def _next(self, tasks: _Tasks) -> _Task | None:
        try:
            return tasks.get(timeout=self._rest)
        except Empty:
            with self._turn:
                if tasks in self._idle:
                    self._idle.remove(tasks)
                    return None
            return tasks.get()  # given out at this very moment


def _answer(answer: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if answer.done():
        return  # cancelled
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
