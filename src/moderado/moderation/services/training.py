"""Teaches a head the rulings of this community, and refuses to replace a better one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zlib import crc32

import structlog

from moderado.moderation.classifier.score import Scorer, sigmoid
from moderado.moderation.classifier.sentences import own_examples
from moderado.moderation.classifier.train import Example, fit, quantize, softplus
from moderado.moderation.classifier.weights import Head, decode, encode
from moderado.moderation.evaluation import fairness
from moderado.moderation.selectors import rulings
from moderado.moderation.statistics import Interval, auc, bootstrap
from moderado.moderation.types import Outcome

log = structlog.get_logger(__name__)

UNKNOWN = Interval(math.nan, math.nan, math.nan)

LEAST_RULINGS = 200
LEAST_OF_A_KIND = 40
_HELD_SHARE = 5  # every fifth ruling, by its id, is for comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What a training found.

    Attributes:
        rulings: Number of rulings, and of those among them that block.
        blocked: See `rulings`.
        gain: By how much the log loss on held rulings falls; above 0 is better.
        auc: Of the new head on held rulings.
        auc_before: Of the head in use.
        share_held: Of neutral identity sentences, at the threshold.
        refusals: Why the head is not used; empty if it is.
        digest: Of the new head.
    """

    rulings: int
    blocked: int
    gain: Interval = UNKNOWN
    auc: float = math.nan
    auc_before: float = math.nan
    share_held: float = math.nan
    refusals: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Ruling:
    id: UUID
    text: str
    label: int

    @property
    def is_held(self) -> bool:
        return crc32(self.id.bytes) % _HELD_SHARE == 0


def train_from_rulings(*, base: Head, output: Path) -> Training:
    """Teach `base` all rulings, and write the head if it beats the one in use.

    Args:
        base: The head to begin with.
        output: The file to write. If it exists, it is the head in use, otherwise `base` is.

    Raises:
        ValueError: The file at `output` is no head.
        OSError: The file cannot be read or written.
    """
    rows = [_Ruling(id_, text, int(outcome == Outcome.BLOCK)) for id_, text, outcome in rulings()]
    counted = Training(rulings=len(rows), blocked=sum(row.label for row in rows))
    in_use = decode(output.read_bytes()) if output.exists() else base
    if refusals := _too_few(counted):
        return Training(rulings=counted.rulings, blocked=counted.blocked, refusals=refusals)
    content = _taught(base, [row for row in rows if not row.is_held])
    found = _compared(decode(content), in_use, rows)
    if not found.refusals:
        _write(output, content)
    log.info(
        "classifier_trained",
        rulings=found.rulings,
        digest=found.digest,
        replaced=not found.refusals,
        gain=round(found.gain.value, 4),
    )
    return found


def _too_few(counted: Training) -> tuple[str, ...]:
    smaller = min(counted.blocked, counted.rulings - counted.blocked)
    refusals = []
    if counted.rulings < LEAST_RULINGS:
        refusals.append(f"{counted.rulings} rulings, at least {LEAST_RULINGS} are needed")
    if smaller < LEAST_OF_A_KIND:
        refusals.append(f"{smaller} rulings of one kind, at least {LEAST_OF_A_KIND} are needed")
    return tuple(refusals)


def _taught(base: Head, rows: Sequence[_Ruling]) -> bytes:
    """Return a head that adds to `base` what the rulings say otherwise."""
    scorer = Scorer(base)
    language = str(base.about.get("language", ""))
    own = own_examples(language) if language in {"pt", "en"} else []
    known = [Example(row.text, row.label) for row in rows]
    learned = fit(
        [
            Example(each.text, each.label, each.weight, scorer.logit(each.text), each.is_written)
            for each in (*known, *own)
        ]
    )
    weights, scale = quantize(
        [old * base.scale + new for old, new in zip(base.weights, learned.weights, strict=True)]
    )
    description = {
        **base.about,
        "name": f"{base.name}-own",
        "scale": scale,
        "bias": base.bias + learned.bias,
        "thresholds": dict(base.thresholds),
        "rulings": len(rows),
    }
    description.pop("figures", None)
    return encode(weights, description)


def _compared(new: Head, in_use: Head, rows: Sequence[_Ruling]) -> Training:
    held = [row for row in rows if row.is_held]
    labels = [row.label for row in held]
    logits, before = ([Scorer(head).logit(row.text) for row in held] for head in (new, in_use))
    gains = [
        _loss(old, label) - _loss(logit, label)
        for logit, old, label in zip(logits, before, labels, strict=True)
    ]
    gain = bootstrap(gains, lambda drawn: math.fsum(drawn) / len(drawn))
    areas = auc(labels, logits), auc(labels, before)
    fair, fair_before = _fairness(new), _fairness(in_use)
    refusals = []
    if not gain.low > 0:
        refusals.append("not better than the head in use, beyond chance, on held rulings")
    if areas[0] < areas[1]:
        refusals.append("orders held rulings worse than the head in use")
    if not fair.is_fair and fair.share > fair_before.share:
        refusals.append("holds more neutral sentences about identity")
    return Training(
        rulings=len(rows),
        blocked=sum(row.label for row in rows),
        gain=gain,
        auc=areas[0],
        auc_before=areas[1],
        share_held=fair.share,
        refusals=tuple(refusals),
        digest=new.digest,
    )


def _loss(logit: float, label: int) -> float:
    return softplus(logit) - label * logit


def _fairness(head: Head) -> fairness.Fairness:
    scorer = Scorer(head)
    language = str(head.about.get("language", "pt"))
    hold = head.thresholds["hold"]
    return fairness.measure(
        lambda text: sigmoid(scorer.logit(text)) >= hold, fairness.identity_sentences(language)
    )


def _write(output: Path, content: bytes) -> None:
    """Replace the file in one step: a worker that starts reads the old one or the new one."""
    draft = output.with_name(f".{output.name}.draft")
    draft.write_bytes(content)
    draft.replace(output)
