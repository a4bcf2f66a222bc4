"""Neutral sentences about identity, and how many of them a judge would hold, by word."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

MAX_SHARE = 0.03  # of all sentences that may be held
MAX_SHARE_OF_WORD = 0.15  # of the sentences of any one word


class IdentitySentence(NamedTuple):
    """A neutral sentence, and the word for a group in it."""

    word: str
    text: str


class Fairness(NamedTuple):
    """The share of identity sentences that a judge holds: of all, and by word."""

    share: float
    by_word: Mapping[str, float]

    @property
    def is_fair(self) -> bool:
        """Whether both limits are kept."""
        return self.share <= MAX_SHARE and max(self.by_word.values()) <= MAX_SHARE_OF_WORD


@cache
def identity_sentences(language: str) -> tuple[IdentitySentence, ...]:
    """Return the sentences of a language, `pt` or `en`. Raises KeyError for another one."""
    written = tomllib.loads((Path(__file__).parent / "identity.toml").read_text())[language]
    return tuple(
        IdentitySentence(masculine, sentence.format(m=masculine, f=feminine))
        for masculine, feminine in written["words"]
        for sentence in written["sentences"]
    )


def measure(is_held: Callable[[str], bool], sentences: Sequence[IdentitySentence]) -> Fairness:
    """Return which share of identity sentences a judge holds.

    Args:
        is_held: Judges a text.
        sentences: At least one.
    """
    held: dict[str, list[bool]] = {}
    for word, text in sentences:
        held.setdefault(word, []).append(is_held(text))
    by_word = {word: sum(found) / len(found) for word, found in held.items()}
    return Fairness(sum(map(sum, held.values())) / len(sentences), by_word)
