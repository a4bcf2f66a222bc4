"""The local provider that scores abuse with the embedded classifier (`docs/classifier.md`).

Its one score is of category `harassment`: the corpora that it learned from label abuse of any kind.
It orders the queue and holds; the default thresholds never block.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from moderado.moderation.classifier.explain import explain
from moderado.moderation.classifier.features import words_of
from moderado.moderation.classifier.score import Scorer
from moderado.moderation.classifier.weights import included, load
from moderado.moderation.rules.ordinary_uses import without_ordinary_uses
from moderado.moderation.types import Category, Content, Signal

CATEGORY = Category.HARASSMENT
DEFAULT_HEADS = ("pt", "en")
# A score below a half is no evidence of abuse, and calibrated no better than to such a step. Texts
# of one batch with equal scores share a signal, a verdict and a row of the log's statement.
_STEP, _COARSE_BELOW = 0.05, 0.5
# Only what may be held is read again without ordinary uses of listed words: that takes .3 ms.
_READ_AGAIN_FROM = 0.8
_SIGNALS = 256  # kept


class ClassifierProvider:
    """Load the heads, once for each process; forked processes share the weights.

    Args:
        heads: Names of included heads, or paths of files that `moderado train` wrote.
        hold: The score from which a text is held; 0: the default of the heads.

    Raises:
        ValueError: An unknown head, a file without weights, or a threshold beyond 0..1.
        OSError: A file cannot be read.
    """

    remote: ClassVar[Literal[False]] = False

    def __init__(
        self,
        *,
        name: str = "classifier",
        heads: Sequence[str] = DEFAULT_HEADS,
        hold: float = 0.0,
    ) -> None:
        if not heads:
            raise ValueError("name at least one head")
        if not 0 <= hold <= 1:
            raise ValueError("hold is a score from 0 to 1")
        loaded = [load(Path(each)) if "/" in each else included(each) for each in heads]
        self.name = name
        self.version = "+".join(f"{head.name}:{head.digest}" for head in loaded)
        self._scorers = [Scorer(head) for head in loaded]
        threshold = hold or max(head.thresholds["hold"] for head in loaded)
        self._signal = lru_cache(_SIGNALS)(self._new_signal)
        self.default_thresholds = {CATEGORY.value: {"hold": threshold}}

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [self._signal(self.score(content.text)) for content in contents]

    def score(self, text: str) -> float:
        """Return the highest score of the heads, below one half in steps of .05."""
        score = self._score(text)
        if score >= _READ_AGAIN_FROM and (read := without_ordinary_uses(text)) != text:
            score = self._score(read)
        if score < _COARSE_BELOW:
            return round(round(score / _STEP) * _STEP, 2)
        return round(score, 4)

    def _score(self, text: str) -> float:
        words = set(words_of(text))
        return max(scorer.score_words(words) for scorer in self._scorers)

    def _new_signal(self, score: float) -> Signal:
        return Signal(provider=self.name, model=self.version, scores={CATEGORY: score})

    def explain(self, text: str) -> list[dict[str, Any]]:
        """Return what each word adds to the logit of the head with the highest score, as JSON.

        Listed words that mean nothing where they stand add nothing.
        """
        if self._score(text) >= _READ_AGAIN_FROM:
            text = without_ordinary_uses(text)
        best = max(self._scorers, key=lambda scorer: scorer.score(text))
        return [
            {"head": best.head.name, "word": word, "amount": round(amount, 4), "places": places}
            for word, amount, places in explain(best, text)
        ]
