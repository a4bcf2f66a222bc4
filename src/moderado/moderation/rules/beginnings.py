"""The beginnings of listed words, and the letters that may follow each: a trie."""

from bisect import bisect_left
from collections.abc import Collection, Mapping
from typing import Protocol

FEW = 64  # words


class Beginnings(Protocol):
    """A trie whose nodes are named by their letters, from the first on."""

    def __contains__(self, beginning: str, /) -> bool: ...

    def __getitem__(self, beginning: str, /) -> str:
        """Return the letters that follow a beginning, in the order of the words."""


def beginnings(words: Mapping[str, object]) -> Beginnings:
    """Return the beginnings of `words`, the empty one and the words themselves included."""
    return FewBeginnings(words) if len(words) <= FEW else _all_beginnings(words)


class FewBeginnings:
    """The trie of a short list, which is searched instead of built.

    A trie of twenty words costs 9 KiB, and there are as many as rooms with own words.
    """

    __slots__ = ("_firsts", "_order", "_sorted")

    def __init__(self, words: Collection[str]) -> None:
        places = {word: at for at, word in enumerate(words)}
        self._sorted = tuple(sorted(places))
        self._order = bytes(map(places.__getitem__, self._sorted))
        self._firsts = "".join(dict.fromkeys(word[:1] for word in words))

    def __contains__(self, beginning: str) -> bool:
        at = bisect_left(self._sorted, beginning)
        if at == len(self._sorted):
            return not beginning
        return self._sorted[at].startswith(beginning)

    def __getitem__(self, beginning: str) -> str:
        if not beginning:
            return self._firsts
        words, at = self._sorted, len(beginning)
        first = last = bisect_left(words, beginning)
        while last < len(words) and words[last].startswith(beginning):
            last += 1
        if last - first == 1:
            return words[first][at : at + 1]
        order = sorted(range(first, last), key=self._order.__getitem__)
        return "".join(dict.fromkeys(words[place][at : at + 1] for place in order))


def _all_beginnings(words: Collection[str]) -> dict[str, str]:
    following: dict[str, str] = {"": ""}
    for word in words:
        # Letters at the beginning that another word has, too.
        known = next(at for at in range(len(word), -1, -1) if word[:at] in following)
        if known < len(word):
            following[word[:known]] += word[known]
        for at in range(known + 1, len(word) + 1):
            following[word[:at]] = word[at : at + 1]
    return following
