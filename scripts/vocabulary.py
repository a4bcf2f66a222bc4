"""Compile the vocabulary of ordinary words: `make vocabulary`.

Reads the word frequencies of wordfreq 3.1.1 (unpacked, `--source`) and writes the Bloom filters of
`moderado.moderation.normalize.vocabulary`. The same source gives the same bytes.
"""

import argparse
import gzip
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from moderado.moderation.normalize.bloom import positions

TARGET = Path(__file__).parents[1] / "src/moderado/moderation/normalize/vocabulary.bin"
SOURCES = {
    "pt": "7d764586",
    "en": "dffae806",
}
# The least frequency of a known word, as the logarithm of occurrences in a thousand million. The
# source holds common misspellings, disguised ones included, at lower frequencies.
KNOWN = {"pt": 1.75, "en": 2.0}
FREQUENT = {"pt": 3.3, "en": 3.6}
BITS = 12  # for each word: three errors in a thousand
SHORTEST = 2
_STRETCHED = re.compile(r"(.)\1\1")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--source", type=Path, required=True, help="folder of large_pt.msgpack.gz")
    source = options.parse_args().source
    frequencies = {language: dict(_read(source, language)) for language in SOURCES}
    known = _words(frequencies, KNOWN)
    frequent = _words(frequencies, FREQUENT)
    content = b"".join(map(_filter, (known, frequent)))
    TARGET.write_bytes(content)
    print(f"{len(known)} words, {len(frequent)} of them frequent: {len(content)} bytes")


def _read(source: Path, language: str) -> Iterator[tuple[str, float]]:
    packed = (source / f"large_{language}.msgpack.gz").read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if not digest.startswith(SOURCES[language]):
        raise SystemExit(f"{language}: another version of the source ({digest})")
    # The list begins with a header. Its place gives the frequency of each group, in centibels.
    for place, group in enumerate(msgspec.msgpack.decode(gzip.decompress(packed))[1:]):
        for word in group:
            yield word, 9 - place / 100


def _words(frequencies: dict[str, dict[str, float]], least: dict[str, float]) -> set[str]:
    found = {
        _folded(word)
        for language, words in frequencies.items()
        for word, frequency in words.items()
        if frequency >= least[language]
    }
    return {
        word
        for word in found
        if len(word) >= SHORTEST
        and word.isascii()
        and word.isalpha()
        and not _STRETCHED.search(word)
    }


def _folded(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(part for part in decomposed if not unicodedata.combining(part))


def _filter(words: Iterable[str]) -> bytes:
    words = sorted(words)
    bits = bytearray((len(words) * BITS + 7) // 8)
    for word in words:
        for at in positions(word, len(bits) * 8):
            bits[at >> 3] |= 1 << (at & 7)
    return len(bits).to_bytes(4, "little") + bytes(bits)


if __name__ == "__main__":
    main()
