"""Repeated letters: "puuutta" and "puta" read the same."""

import re
from operator import eq
from string import ascii_lowercase

from moderado.moderation.normalize.folding import Folded, kept_places

_RUN = re.compile(r"([a-z])\1+")
_DOUBLES = tuple((letter * 2, letter) for letter in ascii_lowercase)
_WORD = 40  # characters: up to here it is quicker to compare neighbours first


def squeezed(folded: Folded) -> Folded:
    """Collapse every run of one letter."""

    def trace() -> list[int]:
        return [folded.offsets[at] for at in kept_places(_RUN, folded.text)]

    return Folded(squeeze(folded.text), trace)


def has_double(word: str) -> bool:
    """Tell whether a letter stands twice in a row."""
    return any(map(eq, word, word[1:]))


def squeeze(text: str) -> str:
    """Return a text without its repeated letters."""
    if len(text) <= _WORD and not has_double(text):
        return text
    for double, letter in _DOUBLES:
        while double in text:
            text = text.replace(double, letter)
    return text


def runs(text: str) -> list[int]:
    """Return the length of each run of equal characters, in order."""
    lengths: list[int] = []
    previous = ""
    for character in text:
        if character == previous:
            lengths[-1] += 1
        else:
            lengths.append(1)
        previous = character
    return lengths


def run_starts(folded: Folded) -> list[int]:
    """Return where each character of `squeezed(folded)` begins in `folded`, and the end.

    A piece `[start, end)` of the squeezed text is `[starts[start], starts[end])` of the other.
    """
    return [*kept_places(_RUN, folded.text), len(folded.text)]
