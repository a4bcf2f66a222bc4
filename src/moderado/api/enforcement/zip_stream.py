"""ZIP archives as streams: little of them in memory at a time, whatever the size of the whole."""

from collections.abc import AsyncIterator
from typing import IO, Protocol, Self
from zipfile import ZIP_DEFLATED, ZipFile

from asgiref.sync import sync_to_async

from moderado.core.database import release_connection


class ReadPart(Protocol):
    """Reads one file of the archive."""

    def __call__(self, *, number: int) -> tuple[str, bytes] | None:
        """Return name and content of the file with this number; None after the last one."""


class FileBlocks:
    """The blocks of an open file, for an answer that streams. The answer closes it."""

    SIZE = 1 << 18  # bytes

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._block = self._read()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        block = self._block
        if not block:
            raise StopAsyncIteration
        if self._file.closed:
            self._block = b""
        else:
            self._block = await sync_to_async(self._read, thread_sensitive=False)()
        return block

    def _read(self) -> bytes:
        block = self._file.read(self.SIZE)
        if len(block) < self.SIZE:  # the last one: a short file is closed before the answer begins
            self.close()
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class _Sink:
    """Collects what the archive writes; it cannot seek, so the archive does not need to."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, content: bytes, /) -> int:
        self._written.append(bytes(content))
        return len(content)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        return taken


async def zipped(read: ReadPart) -> AsyncIterator[bytes]:
    """Yield the archive of all files that `read` returns, from number 0."""
    sink = _Sink()
    archive = ZipFile(sink, "w", ZIP_DEFLATED)
    number = 0
    while await sync_to_async(_add)(archive, read, number):
        number += 1
        yield sink.take()
    archive.close()
    yield sink.take()


def _add(archive: ZipFile, read: ReadPart, number: int) -> bool:
    try:
        found = read(number=number)
    finally:
        release_connection()  # none is held while the client reads
    if found is None:
        return False
    archive.writestr(*found)
    return True
