"""ZIP archives as streams: little of them in memory at a time, whatever the size of the whole."""

from collections.abc import AsyncIterator
from typing import Protocol
from zipfile import ZIP_DEFLATED, ZipFile

from asgiref.sync import sync_to_async

from moderado.core.database import release_connection


class ReadPart(Protocol):
    """Reads one file of the archive."""

    def __call__(self, *, number: int) -> tuple[str, bytes] | None:
        """Return name and content of the file with this number; None after the last one."""


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
