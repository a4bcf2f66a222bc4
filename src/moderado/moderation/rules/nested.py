"""Needles that end with many others: "aaaaaaaa" among "aaa", "aaaa" and so on.

At one place of a text as many of them match as there are, and all but a few say the same. At each
place those are found that count most: the longest one of those that count alike.
"""

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import cache

Place = tuple[int, int, int]  # number of the needle, start, end
# What a needle may count as, in each respect in which needles are compared.
Worth = Callable[[int], Mapping[Hashable, float]]


def alike(_: int) -> Mapping[Hashable, float]:
    """The worth of needles that all count alike."""
    return {"": 0.0}


def rank(worth: Mapping[Hashable, float]) -> float:
    """Return what counts most of a needle."""
    return max(worth.values())


def inner_needles(texts: Sequence[str]) -> list[int]:
    """Return for each text the number of the others with which it ends, equal ones included."""
    inner = [0] * len(texts)
    backwards = [text[::-1] for text in texts]
    inside: list[str] = []  # each begins with the one before it
    for which in sorted(range(len(texts)), key=backwards.__getitem__):
        while inside and not backwards[which].startswith(inside[-1]):
            inside.pop()
        inner[which] = len(inside)
        inside.append(backwards[which])
    return inner


class Best:
    """Selects, of needles at one place, those that count most in each respect.

    There are hence at most as many as respects.
    """

    def __init__(self, worth: Worth) -> None:
        self._worth = worth

    def of(self, needles: Collection[int]) -> tuple[int, ...]:
        """Return those that count most; of equal ones the last."""
        best: dict[Hashable, tuple[float, int]] = {}
        for which in needles:
            for respect, value in self._worth(which).items():
                if respect not in best or value >= best[respect][0]:
                    best[respect] = value, which
        return tuple(dict.fromkeys(which for _, which in best.values()))


class Nested:
    """Finds, at each place where needles end, the best of them, in linear time.

    An automaton of Aho and Corasick. That of the library has no such search: it yields all.

    Args:
        texts: The needles by their numbers.
        worth: What each needle may count as.
    """

    def __init__(self, texts: Mapping[int, str], worth: Worth) -> None:
        self._texts = texts
        self._following: list[dict[str, int]] = [{}]
        self._shorter = [0]  # the state that most letters at the end of a state lead to
        self._ending: list[tuple[int, ...]] = [()]  # the best needles of each state
        for which, text in texts.items():
            self._add(which, text)
        self._connect(Best(cache(worth)))

    def find(self, text: str) -> Iterator[Place]:
        """Yield the place of each needle that counts."""
        state = 0
        for at, character in enumerate(text, start=1):
            state = self._step(state, character)
            for which in self._ending[state]:
                yield which, at - len(self._texts[which]), at

    def _add(self, which: int, text: str) -> None:
        state = 0
        for character in text:
            known = self._following[state].get(character)
            if known is None:
                known = self._following[state][character] = len(self._following)
                self._following.append({})
                self._shorter.append(0)
                self._ending.append(())
            state = known
        self._ending[state] += (which,)

    def _connect(self, best: Best) -> None:
        """Add to each state what shorter needles say, the shortest states first."""
        waiting = deque(self._following[0].values())
        while waiting:
            state = waiting.popleft()
            shorter = self._shorter[state]
            self._ending[state] = best.of((*self._ending[shorter], *self._ending[state]))
            for character, longer in self._following[state].items():
                self._shorter[longer] = self._step(shorter, character)
                waiting.append(longer)

    def _step(self, state: int, character: str) -> int:
        while state and character not in self._following[state]:
            state = self._shorter[state]
        return self._following[state].get(character, 0)
