"""Foldings that never change, for digests that outlive a release.

The folding of `folding` learns look-alikes from release to release, and Python's tables grow with
Unicode. A digest of what it returns would not be found any more. A frozen folding is a table of
all code points, `frozen_N.bin`, that `scripts/freeze_folding.py` writes once (ADR 0072).
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from importlib import resources
from zlib import decompress

import msgspec

VERSIONS = (1,)  # the newest is the last; a version that digests were made with stays for ever

_REVERSED = re.compile("\u202e([^\u202c\n]*)|[^\u202e]+", re.DOTALL)


class Table(msgspec.Struct, frozen=True):
    """What a folding makes of each code point; without an entry it stays as it is.

    `removed` and `visible` are code points at which a range begins or ends, by turns.
    """

    letters: dict[int, str]
    removed: Sequence[int]
    visible: Sequence[int]

    def folded(self, code: int) -> str:
        return "" if bisect_right(self.removed, code) % 2 else self.letters.get(code, chr(code))

    def is_visible(self, code: int) -> bool:
        return bool(bisect_right(self.visible, code) % 2)


def letters_of(text: str, version: int) -> str:
    """Return the folded letters and digits of `text`; without any, what a reader sees of it."""
    table = _table(version)
    codes = [ord(character) for character in _in_visual_order(text)]
    visible = (chr(code) for code in map(ord, text) if table.is_visible(code))
    return "".join(map(table.folded, codes)) or "".join(visible) or text


@cache
def _table(version: int) -> Table:
    name = f"frozen_{version}.bin"
    content = resources.files(__package__).joinpath(name).read_bytes()
    return msgspec.msgpack.decode(decompress(content), type=Table)


def _in_visual_order(text: str) -> str:
    """Return the text with its overridden parts in the order in which they are read."""
    parts = _REVERSED.finditer(text)
    return "".join(part[0] if part[1] is None else part[1][::-1] for part in parts)
