"""Tells whether a short listed word is a part of an ordinary one that is broken: "cl ass"."""

import re

from moderado.moderation.normalize import fold
from moderado.moderation.normalize.vocabulary import is_ordinary

_LONGEST = 12  # letters of the other part
# Before a space only letters that are no syllable: "cl ass", unlike "big ass".
_BEFORE = re.compile(r"(?<!\w)([^\W\d_]{1,12}-|[^\W\d_aeiouyAEIOUY]{2,3} )$")
_AFTER = re.compile(r"-([^\W\d_]{1,12})(?!\w)")


def is_part_of_word(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` and what is broken off beside it are an ordinary word.

    Args:
        text: The text as written.
        start: Where the listed word begins.
        end: Where it ends.
    """
    if before := _BEFORE.search(text, max(0, start - _LONGEST - 1), start):
        return _is_word(before[1][:-1] + text[start:end])
    after = _AFTER.match(text, end)
    return after is not None and _is_word(text[start:end] + after[1])


def _is_word(letters: str) -> bool:
    return is_ordinary(fold(letters).text)
