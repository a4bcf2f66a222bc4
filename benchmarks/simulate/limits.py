"""What ends first, found by trying: whichever of all, doubled, lets most more through."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from benchmarks.simulate.costs import Costs
from benchmarks.simulate.outcome import lasting, simulate
from benchmarks.simulate.site import Setup

NOTICEABLE = 1.03
STEP = 1.5
TURNS = 20
BUSY = 0.85  # share of a resource from which on more of it is needed

Change = Callable[[Setup], Setup]

# What an operator turns; what only another disk, another Valkey or other rooms change.
TURNED: Mapping[str, Callable[[Setup, float], Setup]] = {
    "cores": lambda setup, factor: replace(setup, cores=_more(setup.cores, factor)),
    "web processes": lambda setup, factor: replace(setup, web=_more(setup.web, factor)),
    "worker processes": lambda setup, factor: replace(setup, workers=_more(setup.workers, factor)),
    "PostgreSQL's cores": lambda setup, factor: replace(
        setup, database_cores=_more(setup.database_cores, factor)
    ),
}
GIVEN: Mapping[str, Change] = {
    "Valkey": lambda setup: replace(setup, valkey=setup.valkey * 2),
    "commits": lambda setup: replace(setup, disk=setup.disk * 2),
    "a room's lock": lambda setup: replace(setup, locks=False),
}


def first_limit(setup: Setup, costs: Costs) -> tuple[str, float]:
    """What ends first under a load that is too much, and how much more goes with twice of it.

    Where nothing helps by itself, what is busiest: two limits lie close to each other.
    """
    now = simulate(lasting(setup), costs)
    gains = {
        name: _heard(change(setup), costs) / max(now.heard, 1.0) for name, change in _all(setup)
    }
    best = max(gains, key=lambda name: gains[name])
    if gains[best] >= NOTICEABLE:
        return best, gains[best]
    return "several together", gains[best]


def ceiling(setup: Setup, costs: Costs) -> float:
    """The most messages a second that are carried, to within a tenth."""
    low, high = 0.0, setup.rate
    while _is_carried(replace(setup, rate=high), costs):
        low, high = high, high * 2
    if not low:
        low = high / 2
        while not _is_carried(replace(setup, rate=low), costs) and low > 1:
            low, high = low / 2, low
    while high / low > 1.1:
        middle = math.sqrt(low * high)
        if _is_carried(replace(setup, rate=middle), costs):
            low = middle
        else:
            high = middle
    return low


def enough(setup: Setup, costs: Costs) -> tuple[Setup, list[str]]:
    """A setup that carries the load, with more of whatever is too busy. And what stood in the way
    that cannot be turned, in the order in which it did: it is thought away."""
    in_the_way: list[str] = []
    for _ in range(TURNS):
        now = simulate(lasting(setup), costs)
        if now.is_carried:
            break
        full = [name for name in GIVEN if now.busy[name] > BUSY]
        in_the_way += [name for name in full if name not in in_the_way]
        for name in full:
            setup = GIVEN[name](setup)
        busiest = max(TURNED, key=lambda name: now.busy.get(name, 0.0))
        for name in TURNED:
            if now.busy.get(name, 0.0) > BUSY or (name == busiest and not full):
                setup = TURNED[name](setup, STEP)
    return setup, in_the_way


def _all(setup: Setup) -> list[tuple[str, Change]]:
    turned: dict[str, Change] = {
        name: lambda setup, turn=turn: turn(setup, 2)
        for name, turn in TURNED.items()
        if setup.database_cores or name != "PostgreSQL's cores"
    }
    return [*turned.items(), *GIVEN.items()]


def _is_carried(setup: Setup, costs: Costs) -> bool:
    return simulate(lasting(setup), costs).is_carried


def _heard(setup: Setup, costs: Costs) -> float:
    return simulate(lasting(setup), costs).heard


def _more(number: int, factor: float) -> int:
    return max(number + 1, round(number * factor))
