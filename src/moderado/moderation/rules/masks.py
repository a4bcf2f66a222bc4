"""Finds the words that a masked word such as "p*ta" may stand for.

The cost of a masked word hardly grows with the list. For each letter at each place, one number has
a binary digit for each word: 1 if the word has the letter there. What is visible of a masked word
selects the words by a few operations on these numbers.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice

from moderado.moderation.normalize import leet

_MASKED = re.compile(r"(?<![a-z0-9])[a-z]++(?:[*#%_&?■█▇●•✱⁎∗]++[a-z]*+)+(?![0-9])")
# Signs that are also drawn like letters, or mark the end of a word, hide one inside.
_INSIDE = re.compile(r"(?<![a-z0-9])([a-z]{1,20}+)[!+=^~:;<>\\]([a-z]{1,20}+)(?![a-z0-9])")
_SIGNS_INSIDE = frozenset("!+=^~:;<>\\")
_SCARCE = re.compile(r"([a-z]{1,3})([*#■█▇●•✱⁎∗]{2,12})([a-z]{0,2})")
# One of the two letters is drawn with a sign or digit: "p****@", "8****e".
_DRAWN_EDGE = re.compile(
    r"(?<![a-z0-9@$!+])(?:([a-z])([*#■█▇●•✱⁎∗]{2,12})([0-9@$!+])|([0-9@$!+])([*#■█▇●•✱⁎∗]{2,12})([a-z]))"
    r"(?![\w@$!+*#■])"
)
_COMIC = re.compile(r"(?<![a-z0-9])([a-z]{1,2})([#@%&!$*?]{3,8})(?![a-z0-9])")
_ELLIPSIS = re.compile(r"(?<![a-z0-9.])([a-z]{1,20})\.{2,4}([a-z]{1,20})(?![a-z0-9.])")
# One mask among single letters with spaces between them: "p * t a".
_APART = re.compile(r"[a-z](?: {1,9}[a-z])*( {1,9})[*#%_&?■█▇●•✱⁎∗×🙈🤬](?: {1,9}[a-z])+")
_CUT = re.compile(r"\W*?(([a-z]{2,4})\*{2,8})[.,;:!?]*")
_BOLD = re.compile(r"\*{1,3}$")  # with the same signs before the word, markup
_RUN = re.compile(r"[^a-z]+")
_LEAST_BESIDE_DIGIT = 3  # masks
_ALIKE = 64  # masked words: several lists ask for the same ones, one after the other
_ALL = -1  # the set of all words
_MAX_LENGTH = 40  # of a masked word
_LONGEST_WORD = 2 * _MAX_LENGTH


class _Index:
    """The words as sets, which are numbers: the digit of each is its place in `words`."""

    def __init__(self, words: Collection[str]) -> None:
        likely = [word for word in words if word.isascii() and len(word) <= _LONGEST_WORD]
        self.words: Sequence[str] = sorted(likely, key=lambda word: (len(word), word))
        self.of_length: dict[int, int] = {}
        # By the place of a letter; a shorter word has none there.
        self._with: list[Mapping[str, int]] = []
        lengths = [*map(len, self.words)]
        for at in range(lengths[-1] if lengths else 0):
            first, end = bisect_right(lengths, at), bisect_right(lengths, at + 1)
            self.of_length[at + 1] = (1 << end) - (1 << first)
            self._with.append(_sets("".join(word[at] for word in self.words[first:]), first))

    def having(self, letters: str, at: int, among: int) -> int:
        """Return those of the words that have `letters` at a place."""
        if at + len(letters) > len(self._with):
            return 0
        for place, letter in enumerate(letters, start=at):
            if not among:
                break
            among &= self._with[place].get(letter, 0)
        return among

    def in_order(self, chosen: int) -> Iterator[str]:
        """Yield the words of a set, the shortest first."""
        while chosen:
            lowest = chosen & -chosen
            yield self.words[lowest.bit_length() - 1]
            chosen ^= lowest


class MaskedWords:
    """The words that masks can hide."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = words

    @cached_property
    def _index(self) -> _Index:
        """Built for the first masked word: many processes never judge one."""
        return _Index(self._words)

    def under(self, masked_word: str) -> Iterator[str]:
        """Yield the words that match a masked word, the shortest first.

        One mask character stands for one letter, a longer run for one letter up to one more than
        its length. At least half of the word must be visible.
        """
        index = self._index
        parts, runs = _visible(masked_word)
        longest = min(len(index.of_length), 2 * sum(map(len, parts)))
        # The words that have all parts up to one, by where that part ends.
        ends = {len(parts[0]): index.having(parts[0], 0, _ALL)}
        for part, run in zip(parts[1:], runs, strict=True):
            reached: dict[int, int] = defaultdict(int)
            for end, words in ends.items():
                for at in range(end + 1, min(end + run + (run > 1), longest - len(part)) + 1):
                    if found := index.having(part, at, words):
                        reached[at + len(part)] |= found
            ends = reached
        chosen = 0
        for end, words in ends.items():
            chosen |= words & index.of_length.get(end, 0)
        return index.in_order(chosen)

    def scarcely_visible(self, masked_word: str) -> Iterator[str]:
        """Yield the words of exactly this length that match "c*****o" or "ca**"."""
        visible = _scarce(masked_word)
        if visible is None:
            return iter(())
        index, length, (first, last) = self._index, len(masked_word), visible
        words = index.having(first, 0, index.of_length.get(length, 0))
        return index.in_order(index.having(last, length - len(last), words))

    def beginning_with(self, letters: str, length: int) -> Iterator[str]:
        """Yield a word that "p#@%!" or "pu**" may stand for, of this length if there is one."""
        index = self._index
        for each in range(length, _MAX_LENGTH):
            if found := index.having(letters, 0, index.of_length.get(each, 0)):
                return islice(index.in_order(found), 1)
        return iter(())


@lru_cache(_ALIKE)
def _visible(masked_word: str) -> tuple[list[str], list[int]]:
    """Return what is visible of a masked word, and the lengths of the masks between."""
    return _RUN.split(masked_word), [*map(len, _RUN.findall(masked_word))]


@lru_cache(_ALIKE)
def _scarce(masked_word: str) -> tuple[str, str] | None:
    """Return the first and the last letters of a word of which little is visible."""
    match = _SCARCE.fullmatch(masked_word)
    if match is None or len(match[1] + match[3]) < 2:  # noqa: PLR2004
        return None
    return match[1], match[3]


def masked_parts(text: str) -> Iterator[tuple[int, int]]:
    """Yield where masked words stand in a folded text."""
    for match in _MASKED.finditer(text):
        token = match[0].rstrip("#%_&?")
        if bold := _BOLD.search(token):
            token = token[: -len(bold[0])] if text[: match.start()].endswith(bold[0]) else token
        if token.isalpha() or len(token) > _MAX_LENGTH:
            continue
        yield match.start(), match.start() + len(token)


def masked_apart(piece: str) -> Iterator[str]:
    """Yield "p*ta" for "p * t a". The first letter may be a word, as in "é p * t a"."""
    if _APART.fullmatch(piece):
        masked = "".join(c if c.isalpha() else "*" for c in piece if c != " ")
        yield masked
        if masked[0] in "aeo" and masked[1].isalpha():
            yield masked[1:]


def with_drawn_edges(piece: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a mask stands between a letter and a sign for one, and the masked words."""
    for match in _DRAWN_EDGE.finditer(piece):
        first, mask, last = match.groups()[:3] if match[1] else match.groups()[3:]
        if len(mask) >= _LEAST_BESIDE_DIGIT or not (first + last).isalnum():
            for letter in leet.SIGN_LETTERS[last if match[1] else first]:
                yield (
                    *match.span(),
                    f"{first}{mask}{letter}" if match[1] else f"{letter}{mask}{last}",
                )


def with_ellipsis(piece: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield where dots stand inside a word, "p...ta", with the letters before and behind them."""
    if ".." not in piece:
        return
    for match in _ELLIPSIS.finditer(piece):
        yield *match.span(), match[1], match[2]


def with_sign_inside(piece: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield where one sign stands inside a word, "p!ta", with the letters around it."""
    if _SIGNS_INSIDE.isdisjoint(piece):
        return
    for match in _INSIDE.finditer(piece):
        yield *match.span(), match[1], match[2]


def mostly_hidden(piece: str) -> Iterator[tuple[int, int, str, int]]:
    """Yield where one or two letters are followed by masks only, with the letters and the length.

    Signs as in comics need three different ones: "p#@%!".
    """
    for match in _COMIC.finditer(piece):
        if len(set(match[2])) >= 3:  # noqa: PLR2004
            yield *match.span(), match[1], len(match[0])
    if "**" in piece and (cut := _CUT.fullmatch(piece)):
        yield *cut.span(1), cut[2], len(cut[1])


def _sets(column: str, first: int) -> dict[str, int]:
    """Return for each letter of a column the set of the places where it stands.

    Args:
        column: A letter of each word.
        first: The place of the first of these words.
    """
    backwards = column[::-1].encode("ascii")  # a number begins with its highest digit
    sets: dict[str, int] = {}
    for letter in set(column):
        digits = bytearray(b"0" * 256)
        digits[ord(letter)] = ord("1")
        sets[letter] = int(backwards.translate(digits), 2) << first
    return sets
