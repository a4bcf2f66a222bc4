"""Finds words with repeated letters, "puuuta", in squeezed text.

Words that are squeezed alike, such as "aaa" and "aaaa", are searched for once. A list of such words
therefore costs no more than one of them.
"""

from collections.abc import Iterator, Sequence

from moderado.moderation.normalize import Folded
from moderado.moderation.normalize.repeats import run_starts, runs, squeeze, squeezed
from moderado.moderation.rules.needles import first_of_each, needles

_SHORT = 4  # letters
# Extra letters that make a short word a stretched one. One extra letter is a typing error.
_STRETCHED_SHORT = 2


class Stretched:
    """The needles of a matcher, as they are squeezed.

    Args:
        texts: The needles, with a space wherever a word boundary is required.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        alike: dict[str, list[int]] = {}
        for which, text in enumerate(texts):
            short = squeeze(text)
            alike.setdefault(text if short == text else short, []).append(which)
        self._texts = texts
        self._alike = tuple(map(tuple, alike.values()))
        self._needles = needles([*alike])

    def find(self, reading: Folded) -> Iterator[tuple[int, int, int]]:
        """Yield (number of the needle, start, end) for each needle with repeated letters."""
        short, starts = squeezed(reading).text, list[int]()
        known: dict[tuple[str, int], tuple[int, ...]] = {}
        places = self._needles.find_matches_as_indexes(short, overlapping=True)
        for group, start, end in first_of_each(places):
            starts = starts or run_starts(reading)
            at, to = starts[start], starts[end]
            key = reading.text[at:to].strip(), group
            if (found := known.get(key)) is None:
                found = known[key] = self._stretched(*key)
            yield from ((which, at, to) for which in found)

    def _stretched(self, piece: str, group: int) -> tuple[int, ...]:
        return tuple(
            which
            for which in self._alike[group]
            if _is_stretched(piece, self._texts[which].strip())
        )


def _is_stretched(text: str, word: str) -> bool:
    """Tell whether `text` is `word` with repeated letters, beyond a typing error."""
    if text == word or len(text) < len(word):
        return False
    found, wanted = runs(text), runs(word)
    if len(found) != len(wanted):
        return False
    surplus = [have - want for have, want in zip(found, wanted, strict=True)]
    least = 1 if len(word) >= _SHORT else _STRETCHED_SHORT
    return min(surplus) >= 0 and max(surplus) >= least
