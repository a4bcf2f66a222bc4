"""Finds words with repeated letters, "puuuta", in squeezed text.

Words that are squeezed alike, such as "aaa" and "aaaa", are searched for once. A list of such words
therefore costs no more than one of them.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence

from moderado.moderation.normalize import Folded
from moderado.moderation.normalize.repeats import run_starts, runs, squeeze
from moderado.moderation.rules.needles import MOST_INNER, bounded, needles
from moderado.moderation.rules.nested import Best, Place, Worth, alike, rank

_SHORT = 4  # letters
# Extra letters that make a short word a stretched one. One extra letter is a typing error.
_STRETCHED_SHORT = 2
_MOST_ALIKE = 50  # words that are squeezed alike


class Stretched:
    """The needles of a matcher, as they are squeezed.

    Args:
        texts: The needles, with a space wherever a word boundary is required.
        worth: What each needle may count as, by its number.
    """

    def __init__(self, texts: Sequence[str], worth: Worth = alike) -> None:
        by_form: dict[str, list[int]] = {}
        for which, text in enumerate(texts):
            short = squeeze(text)
            by_form.setdefault(text if short == text else short, []).append(which)
        self._texts, self._best = texts, Best(worth)
        self._worth = worth
        self._alike = tuple(tuple(self._easiest(found)) for found in by_form.values())
        self._needles = needles([*by_form], self._worth_of_group)

    def find(self, reading: Folded, short: str) -> Iterator[Place]:
        """Yield (number of the needle, start, end) for each needle with repeated letters.

        Args:
            reading: Folded words.
            short: The same without repeated letters, as `squeezed` returns them.
        """
        starts: list[int] = []
        places = self._needles.find_matches_as_indexes(short, overlapping=True)
        if not places:
            return
        known: dict[tuple[str, int], tuple[int, ...]] = {}
        for group, start, end in bounded(places, short, self._worth_of_group):
            starts = starts or run_starts(reading)
            at, to = starts[start], starts[end]
            key = reading.text[at:to].strip(), group
            if (found := known.get(key)) is None:
                found = known[key] = self._stretched(*key)
            yield from ((which, at, to) for which in found)

    def _stretched(self, piece: str, group: int) -> tuple[int, ...]:
        """Return the words of a group that the piece is a stretched form of."""
        written = runs(piece)
        found = [
            which
            for which in self._alike[group]
            if _is_stretched(piece, written, self._texts[which].strip())
        ]
        return self._best.of(found) if len(found) > MOST_INNER else tuple(found)

    def _easiest(self, group: list[int]) -> list[int]:
        """Keep of many words those that count most, and the shortest: all others hold them."""
        if len(group) <= _MOST_ALIKE:
            return group
        ranked = sorted(group, key=lambda at: (-rank(self._worth(at)), len(self._texts[at])))
        return sorted(ranked[:_MOST_ALIKE], key=lambda at: len(self._texts[at]))

    def _worth_of_group(self, group: int) -> Mapping[Hashable, float]:
        most: dict[Hashable, float] = {}
        for which in self._alike[group]:
            for respect, value in self._worth(which).items():
                most[respect] = max(value, most.get(respect, value))
        return most


def _is_stretched(text: str, found: list[int], word: str) -> bool:
    """Tell whether `text` is `word` with repeated letters, beyond a typing error.

    Args:
        text: The text as written.
        found: The lengths of its runs of equal letters.
        word: The word.
    """
    if text == word or len(text) < len(word):
        return False
    wanted = runs(word)
    if len(found) != len(wanted):
        return False
    surplus = [have - want for have, want in zip(found, wanted, strict=True)]
    least = 1 if len(word) >= _SHORT else _STRETCHED_SHORT
    return min(surplus) >= 0 and max(surplus) >= least
