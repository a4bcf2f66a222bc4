"""Measures the judges on labelled texts: `make evaluate DATA=folder`. Prints Markdown.

Reads every file of the folder: `evasion*.jsonl` (disguised words, to be found), `innocents*.jsonl`
and `neutral*.jsonl` (nothing to be found), and CSV files with labels. Missing files are skipped.
"""

import argparse
import statistics as standard
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from zlib import crc32

from classifier_recipes import RECIPES, Recipe
from corpora import Labelled, Part, read
from judges import Judge, all_judges, scores_of

from moderado.moderation import statistics
from moderado.moderation.classifier.score import Scorer, sigmoid
from moderado.moderation.classifier.weights import included
from moderado.moderation.evaluation import fairness
from moderado.moderation.providers.classifier import ClassifierProvider
from moderado.moderation.types import Outcome

MOST_TEXTS = 2_000  # of one file or class
MOST_TEXTS_OF_LIBRARIES = 300  # likewise: they take milliseconds a text
_STOPPED = {Outcome.HOLD, Outcome.BLOCK}
_TRAINED_ON = {source.file for recipe in RECIPES for source in recipe.sources}
_ROUNDS = 3  # of the measurement of cost
_WORST_WORDS = 8

Lines = Iterator[str]


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with the labelled texts")
    folder = parser.parse_args().folder
    judges = all_judges()
    found = {path.name: read(path) for path in sorted(_files(folder))}
    for section in (
        disguises(_named(found, "evasion", folder), judges),
        false_alarms(
            [*_named(found, "innocents", folder), *_named(found, "neutral", folder)], judges
        ),
        outcomes({name: rows for name, rows in found.items() if name.endswith(".csv")}, judges),
        classifier(folder),
        fairness_table(judges),
        cost(_named(found, "neutral", folder) or _every(found.values()), judges),
    ):
        for line in section:
            print(line)
    return 0


def disguises(rows: Sequence[Labelled], judges: Sequence[Judge]) -> Lines:
    """Recall by language and kind of disguise: at least FLAG."""
    if not rows:
        return
    yield from _heading("Recall by disguise", "Share of texts with a disguised word that are found")
    yield from _table_head("disguise", "texts", *(each.name for each in judges))
    kinds = dict.fromkeys((row.lang, row.kind) for row in rows)
    for lang, kind in [*kinds, ("", "all")]:
        chosen = [row for row in rows if kind == "all" or (row.lang, row.kind) == (lang, kind)]
        yield _row(f"{lang} {kind}".strip(), len(chosen), *_shares(chosen, judges, _is_found))


def false_alarms(rows: Sequence[Labelled], judges: Sequence[Judge]) -> Lines:
    """Share of texts without abuse that are flagged or worse."""
    if not rows:
        return
    yield from _heading(
        "False alarms",
        "Share of ordinary texts that are flagged, held or blocked. "
        f"The libraries judge {MOST_TEXTS_OF_LIBRARIES} of each row",
    )
    yield from _table_head("texts", "number", *(each.name for each in judges))
    for lang, source in dict.fromkeys((row.lang, row.source) for row in rows):
        chosen = [row for row in rows if (row.lang, row.source) == (lang, source)]
        yield _row(f"{lang} {source}", len(chosen), *_shares(chosen, judges, _is_found))


def outcomes(files: dict[str, list[Labelled]], judges: Sequence[Judge]) -> Lines:
    """Outcomes of labelled texts, with precision and recall of what is stopped."""
    if not files:
        return
    yield from _heading(
        "Labelled texts",
        "Texts outside of training. Stopped: held or blocked; of the libraries found. Wilson, 95 %",
    )
    yield from _table_head(
        "file", "judge", "ordinary: flagged", "ordinary: stopped", "abusive: stopped", "precision"
    )
    for name, every in files.items():
        is_trained_on = name in _TRAINED_ON
        held = [row for row in every if not is_trained_on or row.part is Part.HELD]
        for each in judges:
            rows = _sample(held, each)
            given = [(each.judge(row.text), row.label) for row in rows]
            flagged = [one is Outcome.FLAG for one, label in given if not label]
            stopped = [
                (one in _STOPPED if each.decides else one is not Outcome.ALLOW, label)
                for one, label in given
            ]
            ordinary = [is_stopped for is_stopped, label in stopped if not label]
            abusive = [is_stopped for is_stopped, label in stopped if label]
            yield _row(
                name,
                each.name,
                _interval(flagged) if each.decides else "",
                _interval(ordinary),
                _interval(abusive),
                _interval([True] * sum(abusive) + [False] * sum(ordinary)) if abusive else "",
            )


def classifier(folder: Path) -> Lines:
    """AUC and calibration error of each head on texts that it was not trained on.

    The error is measured at the corpus's own share of abuse (`docs/classifier.md`).
    """
    lines = [line for recipe in RECIPES for line in _of_head(recipe, folder)]
    if not lines:
        return
    yield from _heading("Classifier", "Held texts. Intervals: bootstrap, 95 %, 1,000 rounds")
    yield from _table_head(
        "head", "texts", "number", "AUC", "ECE", "held: abusive", "held: ordinary"
    )
    yield from lines


def _of_head(recipe: Recipe, folder: Path) -> Lines:
    scorer = Scorer(included(recipe.name))
    hold = _threshold()
    for source in recipe.sources:
        if not (folder / source.file).is_file():
            print(f"skipped: no {source.file} for head {recipe.name}", file=sys.stderr)
            continue
        rows = recipe.rows(folder, source, Part.HELD)
        scores = scores_of(scorer, [row.text for row in rows])
        pairs = [(row.label, score) for row, score in zip(rows, scores, strict=True)]
        moved = scorer.head.about.get("moved", 0.0)
        as_given = [(row.label, sigmoid(scorer.logit(row.text) - moved)) for row in rows]
        yield _row(
            recipe.name,
            source.title,
            len(pairs),
            _bootstrapped(pairs, statistics.auc),
            _bootstrapped(as_given, statistics.calibration_error),
            _interval([score >= hold for label, score in pairs if label]),
            _interval([score >= hold for label, score in pairs if not label]),
        )


def fairness_table(judges: Sequence[Judge]) -> Lines:
    """Share of neutral identity sentences that are stopped, with the worst words."""
    yield from _heading("Fairness", "Share of neutral sentences about identity that are stopped")
    yield from _table_head("language", "judge", "sentences", "stopped", "worst words")
    for language in ("pt", "en"):
        sentences = fairness.identity_sentences(language)
        for each in judges:
            chosen = (
                sentences
                if each.decides
                else sentences[:: len(sentences) // MOST_TEXTS_OF_LIBRARIES]
            )
            least = Outcome.HOLD if each.decides else Outcome.FLAG
            fair = fairness.measure(partial(_reaches, each, least), chosen)
            words = sorted(fair.by_word.items(), key=lambda pair: (-pair[1], pair[0]))
            worst = [f"{word} {share:.0%}" for word, share in words[:_WORST_WORDS] if share]
            yield _row(language, each.name, len(chosen), f"{fair.share:.2%}", ", ".join(worst))


def cost(rows: Sequence[Labelled], judges: Sequence[Judge]) -> Lines:
    """Microseconds a text: median and 99th percentile, caches warm."""
    texts = [row.text for row in _sample(rows, judges[-1])]
    if not texts:
        return
    length = round(standard.mean(map(len, texts)))
    yield from _heading("Cost", f"Microseconds a text of {length} characters (mean), caches warm")
    yield from _table_head("judge", "median", "99 %")
    for each in judges:
        for text in texts:
            each.judge(text)
        took = sorted(min(_timed(each.judge, text) for _ in range(_ROUNDS)) for text in texts)
        yield _row(each.name, f"{took[len(took) // 2]:.0f}", f"{took[len(took) * 99 // 100]:.0f}")


def _timed(judge: Callable[[str], Outcome], text: str) -> float:
    started = time.perf_counter()
    judge(text)
    return (time.perf_counter() - started) * 1e6


def _threshold() -> float:
    return ClassifierProvider().default_thresholds["harassment"]["hold"]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix == ".csv" or path.name.startswith(("evasion", "innocents", "neutral")):
            yield path


def _named(found: dict[str, list[Labelled]], start: str, folder: Path) -> list[Labelled]:
    rows = _every(each for name, each in found.items() if name.startswith(start))
    if not rows:
        print(f"skipped: no {start}*.jsonl in {folder.name}", file=sys.stderr)
    return rows


def _every(files: Iterable[list[Labelled]]) -> list[Labelled]:
    return [row for rows in files for row in rows]


def _sample(rows: Sequence[Labelled], judge: Judge) -> list[Labelled]:
    """Return the rows that a judge judges, the same ones in every run."""
    most = MOST_TEXTS if judge.decides else MOST_TEXTS_OF_LIBRARIES
    return sorted(rows, key=lambda row: crc32(row.id.encode()))[:most]


def _reaches(judge: Judge, least: Outcome, text: str) -> bool:
    return judge.judge(text).severity >= least.severity


def _is_found(outcome: Outcome) -> bool:
    return outcome is not Outcome.ALLOW


def _shares(
    rows: Sequence[Labelled], judges: Sequence[Judge], is_hit: Callable[[Outcome], bool]
) -> list[str]:
    found = []
    for each in judges:
        hits = [is_hit(each.judge(row.text)) for row in _sample(rows, each)]
        found.append(f"{sum(hits) / max(1, len(hits)):.2%}")
    return found


def _interval(hits: Sequence[bool]) -> str:
    if not hits:
        return ""
    value, low, high = statistics.wilson(sum(hits), len(hits))
    return f"{value:.1%} ({low:.1%}-{high:.1%})"


def _bootstrapped(
    pairs: Sequence[tuple[int, float]],
    statistic: Callable[[Sequence[int], Sequence[float]], float],
) -> str:
    value, low, high = statistics.bootstrap(
        pairs, lambda drawn: statistic([each[0] for each in drawn], [each[1] for each in drawn])
    )
    return f"{value:.3f} ({low:.3f}-{high:.3f})" if value == value else ""  # noqa: PLR0124  (NaN)


def _heading(title: str, explanation: str) -> Lines:
    yield from ("", f"### {title}", "", f"{explanation}.", "")


def _table_head(*cells: str) -> Lines:
    yield _row(*cells)
    yield _row(*["---"] * len(cells))


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    sys.exit(main())
