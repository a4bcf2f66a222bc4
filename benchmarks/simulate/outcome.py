"""What came of a run: how much was heard, how long it took, how busy everything was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.harness.figures import Figures, milliseconds
from benchmarks.simulate.costs import Costs
from benchmarks.simulate.model import Model
from benchmarks.simulate.site import Setup

WARM_UP = 0.2  # of the time, before anything counts
ENOUGH = 0.95  # of what is said, if it is heard as fast
PATIENCE_MS = 500.0  # in which nearly all is heard, or it is not carried
FEWEST, LONGEST = 1.0, 10.0  # seconds that are looked at
TYPICAL = 15_000  # messages, if they come within these


@dataclass(frozen=True, slots=True)
class Outcome:
    setup: Setup
    said: float  # a second
    heard: float
    waits: Figures
    busy: Figures  # shares of what each has: cores, one process, the disk, one room
    cpu: Figures  # milliseconds a message, as benchmarks say it
    batches: Figures  # messages in each, on average
    steps: Figures  # milliseconds by the clock that a step of a batch takes

    @property
    def is_carried(self) -> bool:
        """Whether no more waits at the end than at the beginning, and nobody waits for long."""
        prompt = self.waits["heard_p99_ms"] <= PATIENCE_MS
        return self.heard >= ENOUGH * self.said and prompt


def lasting(setup: Setup) -> Setup:
    """For as long as it takes to see something."""
    seconds = TYPICAL / setup.rate if setup.rate else FEWEST * 10
    return replace(setup, seconds=min(max(seconds, FEWEST), LONGEST))


def simulate(setup: Setup, costs: Costs) -> Outcome:
    model = Model(setup, costs)
    model.run()
    return looked_at(model)


def looked_at(model: Model) -> Outcome:
    """What came of a model that has run."""
    setup, first = model.setup, model.setup.seconds * WARM_UP
    said = [message for message in model.messages if message.said >= first]
    heard = [message for message in model.messages if message.settled >= first]
    span = setup.seconds - first
    return Outcome(
        setup=setup,
        said=len(said) / span,
        heard=len(heard) / span,
        waits={
            **milliseconds([m.stored - m.said for m in said if m.stored], "stored"),
            **milliseconds([m.settled - m.said for m in said if m.settled], "heard"),
        },
        busy=_busy(model),
        cpu=_cpu(model),
        batches={
            "stored": _mean([size for web in model.webs for size in web.stores]),
            "judged": _mean([size for worker in model.workers for size in worker.batches]),
        },
        steps=model.site.watch.milliseconds(),
    )


def _busy(model: Model) -> Figures:
    site, setup, seconds = model.site, model.setup, model.setup.seconds
    shares = {
        "cores": site.cores.busy / site.setup.cores,
        "web processes": max(web.program.busy for web in model.webs),
        "worker processes": sum(worker.at_work for worker in model.workers) / setup.workers,
        "Valkey": site.valkey.busy,
        "commits": site.disk.busy,
        "a room's lock": max(site.queue.held.values(), default=0.0),
    }
    if site.database is not site.cores:
        shares["PostgreSQL's cores"] = site.database.busy / site.setup.database_cores
    return {name: spent / seconds for name, spent in shares.items()}


def _cpu(model: Model) -> Figures:
    spent = {
        "web": sum(web.program.busy for web in model.webs),
        "worker": sum(worker.program.busy for worker in model.workers),
        "postgres": sum(each.backend.busy for each in (*model.webs, *model.workers)),
        "valkey": model.site.valkey.busy,
    }
    settled = max(sum(message.settled > 0 for message in model.messages), 1)
    return {name: seconds * 1000 / settled for name, seconds in spent.items()}


def _mean(sizes: Sequence[int]) -> float:
    return sum(sizes) / len(sizes) if sizes else 0.0
