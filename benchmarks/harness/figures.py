"""Statistics of samples: percentiles, medians, and ratios of interleaved runs."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

Figures = dict[str, float]


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile; `share` is 0 to 1. NaN without samples."""
    if not samples:
        return math.nan
    ordered = sorted(samples)
    # Rounded: 0.99 * 100 may be slightly above 99.
    return ordered[max(math.ceil(round(share * len(ordered), 6)) - 1, 0)]


def milliseconds(samples: Sequence[float], name: str) -> Figures:
    """Return `<name>_p50_ms` and `<name>_p99_ms` of samples in seconds."""
    return {
        f"{name}_p50_ms": percentile(samples, 0.5) * 1000,
        f"{name}_p99_ms": percentile(samples, 0.99) * 1000,
    }


def medians(rounds: Sequence[Figures]) -> Figures:
    """Return each figure's median over the rounds that measured it; NaN means not measured."""
    names = dict.fromkeys(name for figures in rounds for name in figures)
    found = {name: _measured(rounds, name) for name in names}
    return {name: median(values) for name, values in found.items() if values}


def ratios(ours: Sequence[Figures], theirs: Sequence[Figures]) -> Figures:
    """Return the median of the rounds' ratios, for each figure.

    Both runs of a round see the same state of the machine, so a slow period cancels out.
    """
    return medians(
        [
            {name: value / other[name] for name, value in own.items() if other.get(name)}
            for own, other in zip(ours, theirs, strict=False)
        ]
    )


def spread(rounds: Sequence[Figures], name: str) -> float:
    """Return the range of the rounds as a share of their median."""
    values = _measured(rounds, name)
    middle = median(values) if values else 0.0
    return (max(values) - min(values)) / middle if middle else 0.0


def per_item(total: Mapping[str, float], count: int, *, factor: float = 1.0) -> Figures:
    """Divide each total by `count` and multiply it by `factor`; NaN if `count` is 0."""
    return {name: value * factor / count if count else math.nan for name, value in total.items()}


def _measured(rounds: Sequence[Figures], name: str) -> list[float]:
    values = [figures.get(name, math.nan) for figures in rounds]
    return [value for value in values if not math.isnan(value)]
