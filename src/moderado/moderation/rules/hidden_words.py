"""Words of phrases of which a mask leaves one letter or none: "f*** you", "vai tomar no c*".

Alone such a mask may hide any word. The other words of a listed phrase tell which one.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice

_HIDDEN = re.compile(
    r"(?<![\w*#@%&■█●-])([a-z]?)([*#@%&■█●]{1,8}|-{2,6}|_{2,6}|\.{3,4}|…)([a-z]{0,2})(?![\w*#@%&■█●-])"
)
# In every text with such a mask, and quickly found.
_TRACE = re.compile(r"[*#%&■█●@…]|--|__|\.\.\.")
_WORD = re.compile(r"[a-z]+")
_BEFORE, _AFTER = re.compile(r"((?:[a-z]+\s){1,4})$"), re.compile(r"\s((?:[a-z]+\s?){1,3})")
_LOOK_AROUND = 40  # characters
_LONGEST = 5  # words of a phrase
_MOST = 8  # masks of a text that are looked at
_GAP = "_"
_EDGES = "*#@%&■█●"
_LEAST_SURE = 2  # other words of the phrase, if the length of the hidden one is not shown


class HiddenWords:
    """Finds what masks hide in the phrases of one list.

    Args:
        phrases: Folded phrases, with one space between words.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = tuple(phrases)

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        """The first or last word of each phrase, by the others. Built for the first such mask."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for phrase in self._phrases:
            words = phrase.split()
            if len(words) <= _LONGEST:
                found[" ".join([_GAP, *words[1:]])].append(words[0])
                found[" ".join([*words[:-1], _GAP])].append(words[-1])
        return dict(found)

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where masks stand in a folded text, and a word that each of them hides."""
        if _TRACE.search(text) is None:
            return
        for match in islice(_HIDDEN.finditer(text), _MOST):
            first, signs, last = match.groups()
            for others, word in self._candidates(text, *match.span()):
                if _fits(word, first, signs, last, others):
                    yield *match.span(), word
                    break

    def _candidates(self, text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
        """Yield the words that phrases have in this place, and the number of the other words."""
        if before := _BEFORE.search(text, max(0, start - _LOOK_AROUND), start):
            words = before[1].split()
            for at in range(len(words)):
                key = " ".join([*words[at:], _GAP])
                yield from ((len(words) - at, word) for word in self._words.get(key, ()))
        if after := _AFTER.match(text, end, end + _LOOK_AROUND):
            words = after[1].split()
            for number in range(len(words), 0, -1):
                key = " ".join([_GAP, *words[:number]])
                yield from ((number, word) for word in self._words.get(key, ()))


def _fits(word: str, first: str, signs: str, last: str, others: int) -> bool:
    if not (word.startswith(first) and word.endswith(last)) or (last and not first):
        return False
    shows_length = len(word) == len(first) + len(signs) + len(last)
    if signs[0] in ".…":
        return bool(first) and not last and others >= _LEAST_SURE
    if not first:
        return shows_length and signs[0] in _EDGES and others > _LEAST_SURE
    return shows_length or (others >= _LEAST_SURE and len(signs) > 1 and not last)
