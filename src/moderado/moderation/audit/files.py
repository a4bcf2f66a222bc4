"""Opens exports: one file, a folder, or a ZIP, whose members are read in place.

Nothing is unpacked to the disk, and names of members lead nowhere: `..` in them is harmless. Links
and devices of a folder are left out: an export has none.
"""

import codecs
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from lzma import LZMAError
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

_SAMPLE = 65_536  # bytes that show the encoding
# What `zipfile` raises for damaged, encrypted and unknown contents.
_BROKEN = (BadZipFile, RuntimeError, zlib.error, LZMAError, EOFError)


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an export: its name with folders, and how it is opened for bytes."""

    name: str
    open_bytes: Callable[[], IO[bytes]]

    @property
    def base(self) -> str:
        """The name without folders."""
        return self.name.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        """The end of the name in lower case, with its dot."""
        return Path(self.base).suffix.lower()

    @contextmanager
    def text(self) -> Iterator[IO[str]]:
        """Open the file as text: UTF-8, or UTF-16 with a mark, or else Windows-1252."""
        with self.open_bytes() as sampled:
            encoding = encoding_of(sampled.read(_SAMPLE))
        with (
            self.open_bytes() as found,
            io.TextIOWrapper(found, encoding=encoding, errors="replace") as file,
        ):
            yield file

    def beginning(self, characters: int) -> str:
        """Return the first characters of the file."""
        with self.text() as file:
            return file.read(characters)


def encoding_of(beginning: bytes) -> str:
    """Return the encoding that the first bytes of a file show."""
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


@contextmanager
def opened(path: Path) -> Iterator[list[Member]]:
    """Yield the files of an export, in the order of their names.

    Raises:
        ValueError: The ZIP is broken or encrypted.
    """
    if path.suffix.lower() == ".zip" and not path.is_dir():
        try:
            with ZipFile(path) as archive:
                packed = [each for each in archive.infolist() if not each.is_dir()]
                found = [Member(each.filename, partial(archive.open, each)) for each in packed]
                yield _ordered(found)
        except _BROKEN:
            raise ValueError("The ZIP is broken or encrypted.") from None
    elif path.is_dir():
        files = [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()]
        yield _ordered([_member(each, each.relative_to(path).as_posix()) for each in files])
    else:
        yield [_member(path, path.name)]


def _member(path: Path, name: str) -> Member:
    return Member(name, lambda: path.open("rb"))


def _ordered(members: list[Member]) -> list[Member]:
    return sorted(members, key=lambda member: member.name)
