"""A TCP proxy between the processes and their engines that can be interrupted.

It runs in its own thread with an event loop, so that the caller may block.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from typing import Any, Self

CHUNK = 65_536


class Wire:
    """Listens on `port` and forwards to `target` until a fault is set."""

    def __init__(self, target: int, *, host: str = "127.0.0.1") -> None:
        self.target = target
        self._host = host
        self._pairs: set[_Pair] = set()
        self._open = asyncio.Event()
        self._refusing = False
        self._swallowing = 0
        self._trigger: bytes | None = None
        self._last_words: bytes | None = None
        self.swallowed = 0
        self._delay = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = listener.getsockname()[1]
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._accept, sock=listener))
        self._run(self._set_open(is_open=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def hold(self) -> None:
        """Stop forwarding without closing: a partition, or a pulled cable."""
        self._run(self._set_open(is_open=False))

    def hold_after(self, words: bytes) -> None:
        """Forward the next request that contains these words, and nothing after it."""
        self._last_words = words

    @property
    def is_held(self) -> bool:
        return not self._open.is_set()

    def release(self) -> None:
        """Forward again, held data first."""
        self._refusing, self._swallowing, self._delay = False, 0, 0.0
        self._trigger = self._last_words = None
        self._run(self._set_open(is_open=True))

    def cut(self) -> None:
        """Reset every connection; accept new ones."""
        self._run(self._cut())

    def forget(self) -> None:
        """Forget the held connections without a reset; accept new ones."""
        self._run(self._cut())
        self.release()

    def refuse(self) -> None:
        """Reset every current and new connection until released."""
        self._refusing = True
        self.cut()

    def swallow(self, answers: int = 1) -> None:
        """Forward the request and answer it with a reset, `answers` times."""
        self._swallowing = answers

    def swallow_after(self, words: bytes) -> None:
        """Forward the next request that contains these words, and drop its answer."""
        self._trigger, self.swallowed = words, 0

    def delay(self, seconds: float) -> None:
        """Delay every answer by so many seconds, until released."""
        self._delay = seconds

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def close(self) -> None:
        """Stop listening and reset every connection."""
        if self._loop.is_closed():
            return
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _set_open(self, *, is_open: bool) -> None:
        (self._open.set if is_open else self._open.clear)()

    async def _cut(self) -> None:
        for pair in list(self._pairs):
            pair.reset()
        await asyncio.sleep(0)

    async def _stop(self) -> None:
        self._server.close()
        self._open.set()
        await self._cut()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            await self._open.wait()
            if self._refusing:
                return
            far_reader, far_writer = await asyncio.open_connection(self._host, self.target)
            pair.writers.append(far_writer)
            there = asyncio.create_task(self._carry(pair, reader, far_writer))
            back = asyncio.create_task(self._carry_back(pair, far_reader, writer))
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
        except OSError:
            pass  # The target does not listen: the near end gets a reset.
        finally:
            self._pairs.discard(pair)
            pair.reset()

    async def _carry(
        self, pair: "_Pair", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await reader.read(CHUNK):
            await self._open.wait()
            if self._trigger is not None and self._trigger in chunk:
                self._trigger, pair.is_deaf = None, True
            if self._last_words is not None and self._last_words in chunk:
                self._last_words = None
                self._open.clear()
            writer.write(chunk)
            await writer.drain()

    async def _carry_back(
        self, pair: "_Pair", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while chunk := await reader.read(CHUNK):
            if self._swallowing > 0 or pair.is_deaf:
                self._swallowing = max(0, self._swallowing - 1)
                self.swallowed += 1
                pair.reset()
                return
            if self._delay:
                await asyncio.sleep(self._delay)
            await self._open.wait()
            writer.write(chunk)
            await writer.drain()


class _Pair:
    """Both ends of one proxied connection."""

    def __init__(self, near: asyncio.StreamWriter) -> None:
        self.writers = [near]
        self.is_deaf = False  # whether the next answer is dropped

    def reset(self) -> None:
        """Reset both ends, like a host that does not know the connection."""
        for writer in self.writers:
            with contextlib.suppress(OSError):
                end = writer.get_extra_info("socket")
                if end is not None and end.fileno() >= 0:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
