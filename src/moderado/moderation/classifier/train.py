"""Trains a head: logistic regression on soft labels, a prior for each feature, 8-bit weights.

Plain Python, so that an operator trains without further packages. The prior follows NB-SVM (Wang
and Manning 2012) and inverse document frequency: a bucket whose log ratio between the classes is
large, or that few texts have, may take a large weight.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import mul

from moderado.moderation.classifier.features import (
    BUCKETS,
    SHORT_TEXT_FEATURES,
    features_of,
    words_of,
)
from moderado.moderation.classifier.lbfgs import Vector, minimize
from moderado.moderation.classifier.score import sigmoid

PENALTY = 6.0  # of the squared weights, in examples
SMOOTHING = 3.0  # of the log ratios, in feature occurrences
ITERATIONS = 80
MAX_WEIGHT = 127


@dataclass(frozen=True, slots=True)
class Example:
    """A text for training.

    Attributes:
        label: The share of people who call it abusive, 0..1.
        weight: How much it counts.
        offset: A logit that is known already and not to be learned.
        is_written: Written for training. The priors come from texts that people posted.
    """

    text: str
    label: float
    weight: float = 1.0
    offset: float = 0.0
    is_written: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights by bucket, and the logit of a text whose words add nothing."""

    weights: Vector
    bias: float


class _Design:
    """The texts as numbers: text → distinct words → places of the buckets that occur."""

    def __init__(self, examples: Sequence[Example]) -> None:
        places: dict[str, int] = {}
        self.examples = examples
        self.texts = [
            [places.setdefault(word, len(places)) for word in dict.fromkeys(words_of(each.text))]
            for each in examples
        ]
        found = [features_of(word) for word in places]
        # Buckets that no text has keep a weight of 0: they are left out of the vectors.
        self.buckets = sorted({bucket for word in found for bucket in word})
        numbers = {bucket: number for number, bucket in enumerate(self.buckets)}
        self.words = [[numbers[bucket] for bucket in word] for word in found]
        sizes = [len(word) for word in self.words]
        self.factors = [
            1 / math.sqrt(SHORT_TEXT_FEATURES + sum(sizes[word] for word in text)) if text else 0.0
            for text in self.texts
        ]

    def logits(self, weights: Vector) -> Vector:
        """Return what the words of each text add."""
        scores = [math.fsum(map(weights.__getitem__, word)) for word in self.words]
        sums = (math.fsum(map(scores.__getitem__, text)) for text in self.texts)
        return list(map(mul, sums, self.factors))

    def spread(self, amounts: Iterable[float]) -> Vector:
        """Return the sum of `amounts` of the texts, by bucket: the transpose of `logits`."""
        by_word = [0.0] * len(self.words)
        for text, amount, factor in zip(self.texts, amounts, self.factors, strict=True):
            share = amount * factor
            for word in text:
                by_word[word] += share
        by_bucket = [0.0] * len(self.buckets)
        for buckets, amount in zip(self.words, by_word, strict=True):
            for bucket in buckets:
                by_bucket[bucket] += amount
        return by_bucket

    def priors(self) -> Vector:
        """Return how large a weight each bucket may take."""
        documents = Counter[int]()
        posted = [not each.is_written for each in self.examples]
        for text in compress(self.texts, posted):
            documents.update({bucket for word in text for bucket in self.words[word]})
        factors = self.factors
        self.factors = list(map(float, posted))
        abusive = self.spread([each.label for each in self.examples])
        every = self.spread([1.0] * len(self.examples))
        self.factors = factors
        ordinary = [all_ - some for all_, some in zip(every, abusive, strict=True)]
        shift = math.log(
            (math.fsum(ordinary) + SMOOTHING * BUCKETS) / (math.fsum(abusive) + SMOOTHING * BUCKETS)
        )
        return [
            (abs(math.log((bad + SMOOTHING) / (good + SMOOTHING)) + shift) + 0.05)
            * (1 + math.log((1 + sum(posted)) / (1 + documents[bucket])))
            for bucket, (bad, good) in enumerate(zip(abusive, ordinary, strict=True))
        ]


def fit(
    examples: Sequence[Example], *, penalty: float = PENALTY, iterations: int = ITERATIONS
) -> Fitted:
    """Return the weights that explain the labels, kept small by a penalty.

    Args:
        examples: At least one of each kind, or the bias does not converge.
        penalty: Of the squared weights, in examples.
        iterations: The most steps of the search.
    """
    design = _Design(examples)
    priors = design.priors()
    total = math.fsum(each.weight for each in examples)

    def objective(point: Vector) -> tuple[float, Vector]:
        weights = list(map(mul, point, priors))  # the last value of `point` is the bias
        logits = design.logits(weights)
        losses, residuals = [], []
        for each, logit in zip(examples, logits, strict=True):
            z = logit + point[-1] + each.offset
            losses.append(each.weight * (softplus(z) - each.label * z))
            residuals.append(each.weight * (sigmoid(z) - each.label) / total)
        gradient = list(map(mul, design.spread(residuals), priors))
        shrink = penalty / total
        for place, value in enumerate(point[:-1]):
            gradient[place] += shrink * value
        gradient.append(math.fsum(residuals))
        squares = math.fsum(map(mul, point[:-1], point[:-1]))
        return math.fsum(losses) / total + shrink * squares / 2, gradient

    found = minimize(objective, [0.0] * (len(priors) + 1), iterations=iterations)
    weights = [0.0] * BUCKETS
    for bucket, value, prior in zip(design.buckets, found[:-1], priors, strict=True):
        weights[bucket] = value * prior
    return Fitted(weights, found[-1])


def calibrate(logits: Sequence[float], labels: Sequence[float]) -> tuple[float, float]:
    """Return the factor and the shift that make logits probabilities (Platt 1999)."""

    def objective(point: Vector) -> tuple[float, Vector]:
        factor, shift = point
        losses, slopes, residuals = [], [], []
        for logit, label in zip(logits, labels, strict=True):
            z = factor * logit + shift
            residual = sigmoid(z) - label
            losses.append(softplus(z) - label * z)
            residuals.append(residual)
            slopes.append(residual * logit)
        return math.fsum(losses), [math.fsum(slopes), math.fsum(residuals)]

    factor, shift = minimize(objective, [1.0, 0.0], iterations=100, tolerance=1e-10)
    return factor, shift


def quantize(weights: Vector) -> tuple[bytes, float]:
    """Return weights as signed bytes, and what a byte of 1 stands for."""
    scale = max(map(abs, weights)) / MAX_WEIGHT or 1.0
    return bytes(round(each / scale) & 0xFF for each in weights), scale


def softplus(z: float) -> float:
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))
