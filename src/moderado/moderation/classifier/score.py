"""Scores texts with a head: a sum over words, each computed once and kept in a bounded cache."""

import math

from moderado.moderation.classifier.features import (
    SHORT_TEXT_FEATURES,
    features_of,
    representative,
    words_of,
)
from moderado.moderation.classifier.weights import Head

CACHED_WORDS = 8_192  # in each of two generations; some 3 MB in all


class _WordScores(dict[str, tuple[int, int]]):
    """What each word adds, and its number of features.

    Two generations: a word that is used again survives, a word that is not is dropped.
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        self._weights = head.weights
        self._older: dict[str, tuple[int, int]] = {}

    def __missing__(self, word: str) -> tuple[int, int]:
        if (same := representative(word)) != word:  # numbers would fill the cache
            return self[same]
        if len(self) >= CACHED_WORDS:
            self._older = dict(self)
            self.clear()
        found = self._older.get(word) or self._computed(word)
        self[word] = found
        return found

    def _computed(self, word: str) -> tuple[int, int]:
        features = features_of(word)
        return sum(map(self._weights.__getitem__, features)), len(features)


class Scorer:
    """Scores texts with one head. Not for several threads at once."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self._words = _WordScores(head)

    def score(self, text: str) -> float:
        """Return how probable it is that annotators call the text abusive: 0..1.

        A text without words has score 0.
        """
        return self.score_words(set(words_of(text)))

    def score_words(self, words: set[str]) -> float:
        """Return the score of the distinct words of a text."""
        return sigmoid(self._logit(words)) if words else 0.0

    def logit(self, text: str) -> float:
        """Return the logit of a text; without words, the head's bias."""
        return self._logit(set(words_of(text)))

    def _logit(self, words: set[str]) -> float:
        if not words:
            return self.head.bias
        known = self._words
        points = size = 0
        for word in words:
            word_points, word_size = known[word]
            points += word_points
            size += word_size
        # Integers: the order of the words does not matter, in any language.
        return self.head.bias + self.head.scale * points / math.sqrt(SHORT_TEXT_FEATURES + size)

    def contributions(self, words: set[str]) -> dict[str, float]:
        """Return what each distinct word adds to the logit. With the bias, they sum up to it."""
        counted = {word: self._words[word] for word in words}
        length = math.sqrt(SHORT_TEXT_FEATURES + sum(size for _, size in counted.values()))
        return {word: self.head.scale * points / length for word, (points, _) in counted.items()}


def sigmoid(logit: float) -> float:
    """Return the probability of a logit."""
    if logit >= 0:
        return 1 / (1 + math.exp(-logit))
    odds = math.exp(logit)
    return odds / (1 + odds)
