"""The ordinary words of Portuguese and English: a misspelling that is one of them is none.

The words are stored as two Bloom filters, `vocabulary.bin`, compiled by `scripts/vocabulary.py`
from the frequencies of wordfreq (see the NOTICE beside this module). Three words in a thousand that
are not in the vocabulary seem to be: a disguise as such a word is not read.
"""

import re
from functools import lru_cache
from importlib import resources

from moderado.moderation.normalize.bloom import BloomFilter

_REMEMBERED = 8_192
_STRETCHED = re.compile(r"([a-z])\1\1")  # no spelling of a word, whatever the filter says
_SIZE = 4  # bytes of the length before each filter


def _filters() -> list[BloomFilter]:
    content = resources.files(__package__).joinpath("vocabulary.bin").read_bytes()
    filters, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + _SIZE], "little")
        filters.append(BloomFilter(content[at + _SIZE : at + _SIZE + size]))
        at += _SIZE + size
    return filters


ORDINARY, COMMON = _filters()


def is_ordinary(word: str) -> bool:
    """Tell whether the folded `word` is known, however rare: a word, a name, a usual spelling."""
    return word in ORDINARY and _STRETCHED.search(word) is None


@lru_cache(_REMEMBERED)
def is_common(word: str) -> bool:
    """Tell whether the folded `word` is one of the frequent words."""
    return word in COMMON
