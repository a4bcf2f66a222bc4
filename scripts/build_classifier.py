"""Trains the classifier's heads: `make classifier DATA=folder`, byte for byte reproducibly.

Writes the files of `src/moderado/moderation/classifier/`, and prints their figures.
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classifier_recipes import RECIPES, Recipe
from corpora import Labelled, Part

from moderado.moderation.classifier.score import Scorer, sigmoid
from moderado.moderation.classifier.sentences import own_examples
from moderado.moderation.classifier.train import Fitted, calibrate, fit, quantize
from moderado.moderation.classifier.weights import FOLDER, Head, decode, encode, included
from moderado.moderation.evaluation import fairness
from moderado.moderation.statistics import auc, calibration_error

GOLDEN = FOLDER / "golden.json"

# The share of ordinary texts that may reach the threshold.
HELD = 0.005


def main() -> int:
    """Train the chosen heads, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the training data")
    parser.add_argument("--only", choices=[each.name for each in RECIPES], action="append")
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        if not options.only or recipe.name in options.only:
            built = build(recipe, options.folder)
            (options.output / f"{recipe.name}.bin").write_bytes(built)
            head = decode(built)
            print(recipe.name, head.digest, f"{len(built)} bytes", dict(head.thresholds))
            print(json.dumps(dict(head.about), indent=2, ensure_ascii=False))
    if options.output == FOLDER:
        write_golden()
    return 0


def write_golden() -> None:
    """Compute the scores of the golden texts anew: implementations must agree with them."""
    golden = json.loads(GOLDEN.read_text())
    for name, head in golden["heads"].items():
        scorer = Scorer(included(name))
        head["digest"] = scorer.head.digest
        head["scores"] = [round(scorer.score(text), 6) for text in golden["texts"]]
    GOLDEN.write_text(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")


def build(recipe: Recipe, folder: Path) -> bytes:
    """Return the file of a head.

    A first fit is calibrated on texts that it has not seen; the second one learns from them too.
    """
    examples = own_examples(recipe.language)
    known: list[Labelled] = []
    for source in recipe.sources:
        examples += map(source.example, recipe.rows(folder, source, Part.TRAINING))
        known += recipe.rows(folder, source, Part.CALIBRATION)
    description: dict[str, Any] = {
        "name": recipe.name,
        "language": recipe.language,
        "licence": recipe.licence,
        "sources": [f"{each.title} ({each.licence})" for each in recipe.sources],
        "thresholds": {},
    }
    first = Scorer(_head(fit(examples), description))
    factor, shift = calibrate(
        [first.logit(row.text) for row in known],
        [row.label for row in known],
    )
    for source in recipe.sources:
        examples += map(source.example, recipe.rows(folder, source, Part.CALIBRATION))
    fitted = fit(examples)
    moved = _moved(recipe.share, [row.label for row in known])
    bias = fitted.bias * factor + shift + moved
    calibrated = Fitted([each * factor for each in fitted.weights], bias)
    head = _head(calibrated, description)
    scorer = Scorer(head)
    description |= {"scale": head.scale, "bias": head.bias, "moved": moved}
    description["thresholds"] = _thresholds(recipe, folder, scorer)
    description["figures"] = _figures(
        recipe, folder, scorer, description["thresholds"]["hold"], moved
    )
    return encode(bytes(head.weights), description)


def _head(fitted: Fitted, description: dict[str, Any]) -> Head:
    weights, scale = quantize(fitted.weights)
    return decode(encode(weights, description | {"scale": scale, "bias": fitted.bias}))


def _moved(share: float, labels: Sequence[int]) -> float:
    """Return what to add to the logits where texts have another share of abuse (Elkan 2001)."""
    if not share:
        return 0.0
    given = sum(labels) / len(labels)
    return math.log(share / (1 - share)) - math.log(given / (1 - given))


def _thresholds(recipe: Recipe, folder: Path, scorer: Scorer) -> dict[str, float]:
    """Return the scores that the wanted shares of ordinary texts reach."""
    ordinary = sorted(
        scorer.score(row.text)
        for source in recipe.sources
        if source.sets_thresholds
        for row in recipe.rows(folder, source, Part.HELD)
        if not (row.votes or row.label)
    )
    reached = ordinary[math.ceil(len(ordinary) * (1 - HELD)) - 1]
    return {"hold": math.ceil(reached * 100) / 100}


def _figures(
    recipe: Recipe, folder: Path, scorer: Scorer, hold: float, moved: float
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    held = {each.file: recipe.rows(folder, each, Part.HELD) for each in recipe.sources}
    for file, rows in {**held, "all": [row for each in held.values() for row in each]}.items():
        figures[file.partition("_")[0]] = _measured(rows, scorer, hold, moved)
    fair = fairness.measure(
        lambda text: scorer.score(text) >= hold, fairness.identity_sentences(recipe.language)
    )
    figures["identity"] = {
        "held": round(fair.share, 4),
        "worst": round(max(fair.by_word.values()), 4),
    }
    return figures


def _measured(
    rows: Sequence[Labelled], scorer: Scorer, hold: float, moved: float
) -> dict[str, float]:
    """Return the figures of texts. Calibration is measured at the corpora's own share of abuse."""
    scores = [scorer.score(row.text) for row in rows]
    as_given = [sigmoid(scorer.logit(row.text) - moved) for row in rows]
    labels = [row.label for row in rows]
    abusive = [score >= hold for score, label in zip(scores, labels, strict=True) if label]
    ordinary = [score >= hold for score, label in zip(scores, labels, strict=True) if not label]
    return {
        "texts": len(rows),
        **({"auc": round(auc(labels, scores), 4)} if abusive and ordinary else {}),
        "ece": round(calibration_error(labels, as_given), 4),
        "held_abusive": round(sum(abusive) / max(1, len(abusive)), 4),
        "held_ordinary": round(sum(ordinary) / max(1, len(ordinary)), 4),
    }


if __name__ == "__main__":
    sys.exit(main())
