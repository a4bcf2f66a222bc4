"""A set of words without the words: answers are right but for three errors in a thousand."""

from hashlib import blake2b
from struct import Struct

HASHES = 8
_TWO_NUMBERS = Struct("<QQ").unpack


class BloomFilter:
    """The set that `bits` encode. No member is missed; some other words seem to be members."""

    def __init__(self, bits: bytes) -> None:
        self._bits, self._size = bits, len(bits) * 8

    def __contains__(self, word: str) -> bool:
        """Look at the positions of a word, one by one: most other words lack the first ones."""
        bits, size = self._bits, self._size
        place, step = _TWO_NUMBERS(blake2b(word.encode(), digest_size=16).digest())
        step |= 1
        for _ in range(HASHES):
            at = place % size
            if not bits[at >> 3] >> (at & 7) & 1:
                return False
            place += step
        return True


def positions(word: str, size: int) -> list[int]:
    """Return the bits that stand for `word` in a filter of `size` bits."""
    digest = blake2b(word.encode(), digest_size=16).digest()
    first = int.from_bytes(digest[:8], "little")
    step = int.from_bytes(digest[8:], "little") | 1
    return [(first + number * step) % size for number in range(HASHES)]
