"""A set of words without the words: answers are right but for three errors in a thousand."""

from hashlib import blake2b

HASHES = 8


class BloomFilter:
    """The set that `bits` encode. No member is missed; some other words seem to be members."""

    def __init__(self, bits: bytes) -> None:
        self._bits = bits

    def __contains__(self, word: str) -> bool:
        bits = self._bits
        return all(bits[at >> 3] >> (at & 7) & 1 for at in positions(word, len(bits) * 8))


def positions(word: str, size: int) -> list[int]:
    """Return the bits that stand for `word` in a filter of `size` bits."""
    digest = blake2b(word.encode(), digest_size=16).digest()
    first = int.from_bytes(digest[:8], "little")
    step = int.from_bytes(digest[8:], "little") | 1
    return [(first + number * step) % size for number in range(HASHES)]
