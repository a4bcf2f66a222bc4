"""Reads JSON files of any size, one message at a time.

A file is an array of messages, or an object with them in `messages`. Only one message, and what an
object has before its messages, is in memory.
"""

import json
from collections.abc import Iterator
from typing import IO, Any

MAX_ITEM = 4 * 1024 * 1024  # characters of one value; a message has far fewer
_CHUNK = 65_536  # characters
_SPACE = " \t\r\n"
_AFTER = {*_SPACE, *",:]}"}
_decode = json.JSONDecoder().raw_decode


def items(file: IO[str]) -> Iterator[Any]:
    """Yield the messages of a file.

    Raises:
        ValueError: From here on the file is not such JSON.
    """
    reader = _Reader(file)
    opening = reader.take("[{")
    if opening == "{" and not _skip_to_messages(reader):
        raise ValueError("There is no list of messages.")
    if reader.peek() == "]":
        return
    while True:
        yield reader.value()
        if reader.take(",]") == "]":
            return


def _skip_to_messages(reader: "_Reader") -> bool:
    """Read an object up to the first message; return whether it has a list of them."""
    while reader.peek() == '"':
        name = reader.value()
        reader.take(":")
        if name == "messages" and reader.peek() == "[":
            reader.take("[")
            return True
        reader.value()
        if reader.take(",}") == "}":
            return False
    return False


class _Reader:
    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._is_complete = False

    def peek(self) -> str:
        """Return the next character that is no space; empty at the end."""
        while True:
            rest = self._text[self._at : self._at + 1]
            if rest and rest not in _SPACE:
                return rest
            if rest:
                self._at += 1
            elif self._is_complete:
                return ""
            else:
                self._fill()

    def take(self, wanted: str) -> str:
        """Consume one of these characters and return it."""
        found = self.peek()
        if not found or found not in wanted:
            raise ValueError(f"one of {wanted} is missing")
        self._at += 1
        return found

    def value(self) -> Any:
        """Consume a value and return it."""
        self.peek()
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except ValueError:
                if self._is_complete:
                    raise
            except RecursionError:
                raise ValueError("too deep") from None
            else:
                # A number may go on in the next chunk, as `1.` and `5` do.
                if self._is_complete or self._text[end : end + 1] in _AFTER:
                    self._at = end
                    return value
            self._fill()

    def _fill(self) -> None:
        """Read on. The size doubles, so that a long value is not decoded too often."""
        rest = self._text[self._at :]
        if len(rest) > MAX_ITEM:
            raise ValueError("too long")
        read = self._file.read(max(_CHUNK, len(rest)))
        self._is_complete = not read
        self._text, self._at = rest + read, 0
