"""Write the folding of this release as a frozen one: `python scripts/freeze_folding.py VERSION`.

The version is then added to `moderado.moderation.normalize.frozen.VERSIONS`. A table that exists is
never written again: the digests made with it would not be found any more.
"""

import argparse
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from moderado.core.characters import is_visible
from moderado.moderation.normalize.folding import fold
from moderado.moderation.normalize.frozen import Table

FOLDER = Path(__file__).parents[1] / "src/moderado/moderation/normalize"
CODES = 0x110000
_GAPS = re.compile(r"[\W_]+")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("version", type=int)
    target = FOLDER / f"frozen_{options.parse_args().version}.bin"
    if target.exists():
        raise SystemExit(f"{target.name} exists: choose the next version")
    folded = {code: _GAPS.sub("", fold(chr(code)).text) for code in range(CODES)}
    table = Table(
        letters={code: text for code, text in folded.items() if text and text != chr(code)},
        removed=_ranges(lambda code: not folded[code]),
        visible=_ranges(lambda code: is_visible(chr(code))),
    )
    target.write_bytes(zlib.compress(msgspec.msgpack.encode(table), 9))
    print(f"{target.name}: {len(table.letters)} letters, {target.stat().st_size} bytes")


def _ranges(is_inside: Callable[[int], bool]) -> list[int]:
    """Return the code points at which the ranges inside begin and end, by turns."""
    return [code for code in range(CODES) if is_inside(code) != (code > 0 and is_inside(code - 1))]


if __name__ == "__main__":
    main()
