"""An open file as the body of an answer that streams."""

from typing import IO, Self

from asgiref.sync import sync_to_async


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
