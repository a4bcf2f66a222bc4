"""What came of a run: how much was heard, how long it took, how busy everything was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.harness.figures import Figures, milliseconds
from benchmarks.simulate.costs import Costs
from benchmarks.simulate.model import Setup, Site

WARM_UP = 0.2  # of the time, before anything counts
ENOUGH = 0.95  # of what is said, if it is heard as fast
PATIENCE_MS = 500.0  # in which nearly all is heard, or it is not carried
FEWEST, LONGEST = 0.5, 10.0  # seconds that are looked at
TYPICAL = 15_000  # messages, if they come within these


@dataclass(frozen=True, slots=True)
class Outcome:
    setup: Setup
    said: float  # a second
    heard: float
    waits: Figures
    busy: Figures  # shares of what each has: cores, one process, the disk, one room
    cpu: Figures  # milliseconds a message, as benchmarks say it
    batches: Figures

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
    site = Site(setup, costs)
    site.run()
    return looked_at(site)


def looked_at(site: Site) -> Outcome:
    setup, first = site.setup, site.setup.seconds * WARM_UP
    said = [message for message in site.messages if message.said >= first]
    heard = [message for message in site.messages if message.settled >= first]
    span = setup.seconds - first
    return Outcome(
        setup=setup,
        said=len(said) / span,
        heard=len(heard) / span,
        waits={
            **milliseconds([m.stored - m.said for m in said if m.stored], "stored"),
            **milliseconds([m.settled - m.said for m in said if m.settled], "heard"),
        },
        busy=_busy(site),
        cpu=_cpu(site),
        batches={
            "stored": _mean([size for web in site.webs for size in web.stores]),
            "judged": _mean([size for worker in site.workers for size in worker.batches]),
        },
    )


def _busy(site: Site) -> Figures:
    setup, seconds = site.setup, site.setup.seconds
    shares = {
        "cores": site.cores.busy / site.setup.cores,
        "web processes": max(web.program.busy for web in site.webs),
        "worker processes": sum(worker.at_work for worker in site.workers) / setup.workers,
        "Valkey": site.valkey.busy,
        "commits": site.disk.busy,
        "a room's lock": max(site.queue.held.values(), default=0.0),
    }
    if site.database is not site.cores:
        shares["PostgreSQL's cores"] = site.database.busy / site.setup.database_cores
    return {name: spent / seconds for name, spent in shares.items()}


def _cpu(site: Site) -> Figures:
    spent = {
        "web": sum(web.program.busy for web in site.webs),
        "worker": sum(worker.program.busy for worker in site.workers),
        "postgres": sum(each.backend.busy for each in (*site.webs, *site.workers)),
        "valkey": site.valkey.busy,
    }
    settled = max(sum(message.settled > 0 for message in site.messages), 1)
    return {name: seconds * 1000 / settled for name, seconds in spent.items()}


def _mean(sizes: Sequence[int]) -> float:
    return sum(sizes) / len(sizes) if sizes else 0.0
