"""The local provider that scores abuse with the embedded classifier (`docs/classifier.md`).

Its one score is of category `harassment`: the corpora that it learned from label abuse of any kind.
It orders the queue and holds; the default thresholds never block.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from moderado.moderation.classifier.explain import explain
from moderado.moderation.classifier.features import words_of
from moderado.moderation.classifier.score import Scorer
from moderado.moderation.classifier.weights import included, load
from moderado.moderation.types import Category, Content, Signal

CATEGORY = Category.HARASSMENT
DEFAULT_HEADS = ("pt", "en")


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
        self.default_thresholds = {CATEGORY.value: {"hold": threshold}}

    def assess(self, contents: Sequence[Content]) -> list[Signal]:
        return [
            Signal(
                provider=self.name,
                model=self.version,
                scores={CATEGORY: self.score(content.text)},
            )
            for content in contents
        ]

    def score(self, text: str) -> float:
        """Return the highest score of the heads."""
        words = set(words_of(text))
        return round(max(scorer.score_words(words) for scorer in self._scorers), 4)

    def explain(self, text: str) -> list[dict[str, Any]]:
        """Return what each word adds to the logit of the head with the highest score, as JSON."""
        best = max(self._scorers, key=lambda scorer: scorer.score(text))
        return [
            {"head": best.head.name, "word": word, "amount": round(amount, 4), "places": places}
            for word, amount, places in explain(best, text)
        ]
