"""The kinds of evaluations: what each needs, and the generator that runs it.

A runner reads decisions in order and yields a `Step` after each small batch; the last one says so.
It is started again for each slice, with the state of the last step that was stored: everything that
it counts is in there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderado.moderation.evaluation.steps import Step
from moderado.moderation.models import Evaluation
from moderado.moderation.services import (
    evaluation_backtest,
    evaluation_measures,
    evaluation_replay,
)

Kind = Evaluation.Kind
State = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfEvaluation:
    """A kind of evaluation.

    Attributes:
        run: The generator: the evaluation, and the state of its last step (empty at first).
        needs_version: Whether a version of a policy must be named.
        options: The names of the options that it reads.
        ignores: Fields of `EvaluationRequest` that would change nothing: they are refused.
    """

    run: Callable[[Evaluation, State], Iterator[Step]]
    needs_version: bool = False
    options: frozenset[str] = field(default_factory=frozenset)
    ignores: Sequence[str] = ()


KINDS: Mapping[str, KindOfEvaluation] = {
    Kind.REPLAY: KindOfEvaluation(run=evaluation_replay.run),
    Kind.BACKTEST: KindOfEvaluation(run=evaluation_backtest.run, needs_version=True),
    Kind.SHADOW: KindOfEvaluation(
        run=evaluation_measures.run_shadow, ignores=("version", "scope_id", "limit")
    ),
    Kind.CALIBRATION: KindOfEvaluation(
        run=evaluation_measures.run_calibration,
        options=frozenset({"rate"}),
        ignores=("version", "limit"),
    ),
}
