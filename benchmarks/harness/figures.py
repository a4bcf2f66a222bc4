"""From samples to figures: percentiles, medians, ratios of runs that were made side by side."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

Figures = dict[str, float]


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` (0 to 1) of all do not exceed. NaN of nothing."""
    if not samples:
        return math.nan
    ordered = sorted(samples)
    # Rounded, since 0.99 * 100 may be a hair above 99.
    return ordered[max(math.ceil(round(share * len(ordered), 6)) - 1, 0)]


def milliseconds(samples: Sequence[float], name: str) -> Figures:
    """Median and 99th percentile of seconds, as `<name>_p50_ms` and `<name>_p99_ms`."""
    return {
        f"{name}_p50_ms": percentile(samples, 0.5) * 1000,
        f"{name}_p99_ms": percentile(samples, 0.99) * 1000,
    }


def medians(rounds: Sequence[Figures]) -> Figures:
    """Each figure's median over the rounds in which it was measured, which NaN says it was not."""
    names = dict.fromkeys(name for figures in rounds for name in figures)
    found = {name: _measured(rounds, name) for name in names}
    return {name: median(values) for name, values in found.items() if values}


def ratios(ours: Sequence[Figures], theirs: Sequence[Figures]) -> Figures:
    """Ours divided by theirs, figure by figure: the median of what each round's pair came to, so
    that a machine that was slow for a while was slow for both."""
    return medians(
        [
            {name: value / other[name] for name, value in mine.items() if other.get(name)}
            for mine, other in zip(ours, theirs, strict=False)
        ]
    )


def spread(rounds: Sequence[Figures], name: str) -> float:
    """How far apart the rounds lie, as a share of their median: what a difference must exceed."""
    values = _measured(rounds, name)
    middle = median(values) if values else 0.0
    return (max(values) - min(values)) / middle if middle else 0.0


def shared(total: Mapping[str, float], count: int, *, factor: float = 1.0) -> Figures:
    """`total` divided among `count`, in units of 1/`factor`."""
    return {name: value * factor / count if count else math.nan for name, value in total.items()}


def _measured(rounds: Sequence[Figures], name: str) -> list[float]:
    values = [figures.get(name, math.nan) for figures in rounds]
    return [value for value in values if not math.isnan(value)]
