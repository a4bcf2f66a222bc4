"""Inject random faults under constant load: `make chaos SEED=1 DURATION=60` (seconds).

Three moderators rule, sanction, undo and reverse meanwhile, members report and appeal, one is
banned, and some have their accounts erased; `MODERATORS=0` leaves all of them out. One room has
the mode `optimistic`, in which some people earn a good standing and misuse it.

Prints the faults, how often each kind of act took effect, and the number of violations of each
invariant. Exits with 1 after a violation, and if a run of 60 s or more had no effective act of some
kind: it would say nothing of such acts. Its faults go on for up to a minute more until moderators
have made each kind of decision. `SWITCH_OFF=lease|sweep|reconcile|sync_me|ruling_lock|local_look`
disables one safeguard of the product, to show that the checker finds the violations that follow.
"""

import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderado.realtime.pubsub.layer import SEND_TIMEOUT
from moderado.realtime.pubsub.publisher import FAILURE_PAUSE
from tests import proofs
from tests.faults import optimistic
from tests.faults.checker import ERASED_WITHIN, INVARIANTS, LATENCY, overdue, settle, violations
from tests.faults.client import Client
from tests.faults.cluster import Cluster, Plan, make_template, running
from tests.faults.crowd import Crowd
from tests.faults.fault_injector import FaultInjector
from tests.faults.judge import Manner
from tests.faults.moderation_load import ModerationLoad
from tests.faults.pace import MOST_STOLEN, Pace, Processors
from tests.faults.rearranging import rearrange
from tests.faults.rulings import EFFECTS, ENFORCEMENT, effects
from tests.faults.run import Run, time_of_day
from tests.faults.words import a_text

MEASURED = 150  # messages whose confirmations are measured, before the first fault
MEASURED_WITHIN = 60.0  # seconds
LOOKS = 3  # at most, for one in which the host of a virtual machine withholds no processor time
UNANSWERED = 1.0  # further seconds before the first fault: it must not meet what is measured
PAUSE = (0.4, 3.0)  # seconds between two faults
# How much more the machine has to bear under faults than it bears with time to spare. What is late
# on a machine that never catches up says nothing of the product.
STRESS = 2.0
LAST_WORDS = 2.0  # seconds of load at the end, at least, whose hints are dropped
LAST_VERDICTS = 5.0  # seconds until most of it is judged
# Seconds after which a process has given up the delivery that it makes, and that of what waits.
GIVEN_UP = 2 * (SEND_TIMEOUT + FAILURE_PAUSE)
EVERY = 0.5  # average seconds between two messages of one device; each user has two that send
MODERATORS = 3
CAREFUL = ("Lia", "Rui", "Sol", "Teo")  # who keep in good standing
LOST_ANSWERS = 0.03  # share of provider calls whose answer is lost after billing

SWITCHES = {
    "": "",
    "lease": "worker.lease:drop",
    "sweep": "worker.sweep:drop",
    "reconcile": "hub.reconcile:drop",
    "sync_me": "sync_me.settled:drop",
    "ruling_lock": "ruling.lock:drop",
    "local_look": "mode.local_look:drop",
}

# Invariants that a safeguard alone keeps. Of the others, any violation shows that it is missing.
PREVENTS = {"ruling_lock": "I12", "local_look": "I6"}
FULL = 60.0  # seconds of load after which each of EFFECTS has happened
LONGER = 60.0  # further seconds of faults, at most, until each decision of moderators has happened


@dataclass
class Outcome:
    """The result of one run."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    acknowledged: int = 0
    effects: Counter[str] = field(default_factory=Counter)  # of acts; empty without moderators
    duration: float = 0.0
    calm_load: float = 1.0  # before the faults, as a share of the planned load
    load: float = 1.0  # under faults, likewise
    confirmed_within: float | None = None  # p99 of that load, in seconds
    late: list[str] = field(default_factory=list)
    broken: dict[str, list[str]] = field(default_factory=dict)
    history: list[str] = field(
        default_factory=list
    )  # the faults, with the time of day and their distance from the end in seconds

    @property
    def violations(self) -> int:
        return len(self.late) + sum(len(found) for found in self.broken.values())

    @property
    def idle(self) -> list[str]:
        """Return the kinds of acts of which a run of full length had none with an effect."""
        if not self.effects or self.duration < FULL:
            return []
        kinds = (*EFFECTS, *optimistic.EFFECTS)
        return [name for name in kinds if not self.effects[name]]

    def shows(self, off: str) -> bool:
        """Tell whether the violations are found that a safeguard prevents, which was off."""
        prevented = PREVENTS.get(off)
        if prevented is None:
            return self.violations > 0
        return any(found for name, found in self.broken.items() if name.split()[0] == prevented)


def chaos(
    folder: Path,
    template: Path,
    *,
    seed: int,
    duration: float,
    off: str = "",
    moderators: int = MODERATORS,
) -> Outcome:
    """Run load and faults for `duration` seconds, then check the invariants."""
    plan = Plan(
        webs=2,
        workers=2,
        judged_by="keyed" if seed % 2 == 0 else "remote",
        has_list=True,
        provider={"ON_ERROR": "hold"},  # instead of what the local one says
        failpoints=SWITCHES[off],
        environment={
            "ERASURE_GRACE_DAYS": "0",
            "REPORTS_PER_DAY": "100000",
            **optimistic.ENVIRONMENT,
        },
    )
    with running(folder, plan, template=template) as cluster:
        cluster.judge.manner = Manner(seconds=0.1, lose_answers=LOST_ANSWERS)
        with Crowd([web.url for web in cluster.webs], seed=seed) as crowd:
            return _run(cluster, crowd, seed=seed, duration=duration, moderators=moderators)


def _run(cluster: Cluster, crowd: Crowd, *, seed: int, duration: float, moderators: int) -> Outcome:
    people = [crowd.joins(name) for name in ("Ana", "Bia", "Caio", "Davi", "Eva", "Gil")]
    moderation = ModerationLoad(cluster, crowd, seed=seed, moderators=moderators)
    for members, mode in (
        ([*people, *moderation.leaving], "pre"),
        (people[:3], "pre"),
        (people[3:], "post"),
    ):
        crowd.room(*members, mode=mode)
    careful, shared = optimistic.gather(crowd, CAREFUL, people[:2])
    others = [crowd.same_person(person) for person in people]
    for person, other in zip(people, others, strict=True):
        for room_id in person.rooms:
            crowd.do(other.listen(room_id))
        crowd.follower(person)
    pace = crowd.pace
    talks = [
        crowd.begin(_talk(device, pace, seed=f"{seed}/{device.name}/{number}"))
        for number, devices in enumerate((people, others))
        for device in devices
    ]
    side = crowd.do(people[0].ask("POST", "chat/rooms/", json={"name": "Ao lado"}))["id"]
    talks += [
        crowd.begin(rearrange(person, side, pace, seed=f"{seed}/{person.name}/rearranges"))
        for person in people
    ]
    talks += [
        crowd.begin(optimistic.talk_carefully(person, shared, pace, seed=f"{seed}/{person.name}"))
        for person in careful
    ]
    for person in moderation.leaving:
        moderation.talks[person.id] = crowd.begin(_talk(person, pace, seed=f"{seed}/{person.name}"))
    calm = _measure(crowd, pace)
    calm_load = 1 / pace.factor
    pace.factor = max(1.0, pace.factor / STRESS)
    moderation.begin(people, duration=duration)
    injector = FaultInjector(cluster, seed=seed)
    _inject_faults(
        injector, cluster, random.Random(seed), is_over=_end_of_faults(moderation, duration)
    )
    injector.stop()
    late = overdue(moderation.finish)
    run = Run(
        cluster,
        crowd,
        calm=calm,
        removals=moderation.removals,
        moderators=moderation.moderators,
        erased=moderation.erased,
    )
    late += overdue(
        lambda: crowd.wait_until(
            run.enforced.is_erased, what="erasures done under load", seconds=ERASED_WITHIN
        )
    )
    with _last_hints_lost(cluster, crowd):
        for talk in talks:
            talk.cancel()
        moderation.stop()
    over = time.monotonic()
    late += settle(run)
    sends = [send for _, send in run.sends]
    return Outcome(
        seed,
        faults=Counter(injector.done),
        messages=len(sends),
        acknowledged=sum(send.acknowledged is not None for send in sends),
        effects=effects(run) + Counter(optimistic.effects(run)) if run.moderators else Counter(),
        duration=duration,
        calm_load=calm_load,
        load=1 / pace.factor,
        confirmed_within=run.confirmed_within,
        late=late,
        broken=violations(run),
        history=[
            f"{time_of_day(fault.at)} {fault.at - over:7.1f} s  {fault.what}"
            for fault in cluster.faults
        ],
    )


def _measure(crowd: Crowd, pace: Pace) -> Sequence[tuple[float, float]]:
    """Let messages be confirmed while nothing is broken, under a load that the machine bears.

    Returns:
        When this began and ended, by the monotonic clock; nothing if the machine bears no load, or
        is withheld processor time by its host, so that times say nothing of the product.
    """
    if not pace.settle():
        return ()
    for _ in range(LOOKS):
        before, began, processors = crowd.sent, time.monotonic(), Processors.now()
        crowd.wait_until(
            lambda before=before: crowd.sent - before >= MEASURED,  # type: ignore[misc]
            what="messages sent",
            seconds=MEASURED_WITHIN,
        )
        ended, did = time.monotonic(), Processors.now() - processors
        if did.stolen_share <= MOST_STOLEN:
            time.sleep(UNANSWERED)
            return [(began, ended)]
    return ()


@contextmanager
def _last_hints_lost(cluster: Cluster, crowd: Crowd) -> Iterator[None]:
    """Drop the hints of the last changes until the load has ended within and all is judged.

    A later hint would reveal the gap: of a verdict, too, on a machine that is behind.
    """
    cluster.note("the last hints are lost")
    cluster.layer_wire.hold()
    changes = _changes(cluster)
    crowd.wait_until(lambda: _changes(cluster) > changes, what="a change whose hint is lost")
    time.sleep(LAST_WORDS)
    yield
    # Messages whose answer of the provider was lost wait longer: theirs are further changes.
    overdue(lambda: cluster.wait_until_judged(seconds=LAST_VERDICTS))
    time.sleep(GIVEN_UP)
    cluster.layer_wire.cut()
    cluster.layer_wire.release()


def _changes(cluster: Cluster) -> int:
    """Return how many public changes all rooms had."""
    return int(cluster.postgres.value("SELECT sum(seq) FROM chat_room"))


def _end_of_faults(moderation: ModerationLoad, duration: float) -> Callable[[], bool]:
    """Tell when the faults are over: later if moderators, who wait for engines, decided little."""
    planned = time.monotonic() + duration
    last = planned + (LONGER if duration >= FULL else 0.0)
    return lambda: time.monotonic() >= (planned if moderation.has_decided else last)


def _inject_faults(
    injector: FaultInjector, cluster: Cluster, dice: random.Random, *, is_over: Callable[[], bool]
) -> None:
    following = time.monotonic()
    while not is_over():
        injector.repair()
        if time.monotonic() >= following:
            injector.act()
            following = time.monotonic() + dice.uniform(*PAUSE)
        time.sleep(0.05)


async def _talk(person: Client, pace: Pace, *, seed: str) -> None:
    """Send messages to all rooms of the user, and sometimes edit or delete one."""
    dice = random.Random(seed)
    outcomes = ["", "", "", "", "", "", "BLOCK", "BLOCK", "HOLD", "FLAG"]
    number = 0
    with suppress(asyncio.CancelledError):
        while True:
            number += 1
            room = dice.choice(list(person.rooms))
            await person.say(room, a_text(number, outcome=dice.choice(outcomes)))
            stored = [send.id for send in person.sends.values() if send.id]
            if stored and dice.random() < 0.08 and person.is_up:
                await person.edit(
                    dice.choice(stored), a_text(number, outcome=dice.choice(outcomes))
                )
            if stored and dice.random() < 0.04 and person.is_up:
                await person.delete(dice.choice(stored))
            if dice.random() < 0.04:
                await person.post_once(room, a_text(number, outcome=dice.choice(outcomes)))
            if dice.random() < 0.02:
                await person.drop_connection()
            await pace.pause(dice, EVERY)


def table(outcome: Outcome) -> str:
    """Format the result for a terminal."""
    done = ", ".join(f"{name} {count}" for name, count in sorted(outcome.faults.items()))
    said = f"{outcome.messages} messages, {outcome.acknowledged} acknowledged"
    kinds = {*EFFECTS, *optimistic.EFFECTS, *outcome.effects}
    names = sorted(kinds) if outcome.effects else []
    acts = ", ".join(f"{name} {outcome.effects[name]}" for name in names)
    lines = [f"seed {outcome.seed}: {said}, {outcome.faults.total()} faults", f"  {done}"]
    lines += [f"  took effect: {acts}"] if acts else []
    lines += [f"  no {name} took effect, in {outcome.duration:g} s" for name in outcome.idle]
    lines.append(
        f"  load: {outcome.calm_load:.0%} before the faults, {outcome.load:.0%} under them"
    )
    if outcome.confirmed_within is not None:
        within = f"p99 {outcome.confirmed_within * 1000:.0f} ms"
        lines.append(f"  confirmed before the faults: {within}")
    else:
        lines.append(
            "  confirmations not measured (I8): processors are busy, or their host withholds them"
        )
    for name in INVARIANTS | ENFORCEMENT if acts else INVARIANTS:
        found = outcome.broken.get(name, [])
        is_measured = name != LATENCY or outcome.confirmed_within is not None
        counted = f"{len(found):4} violations" if is_measured else "not measured"
        lines.append(f"  {name:32} {counted}")
        lines += [f"      {sentence}" for sentence in found[:5]]
    lines += [f"  late: {sentence}" for sentence in outcome.late]
    return "\n".join(lines)


def _record(outcome: Outcome, *, duration: float, off: str) -> None:
    """Record this run, replacing an earlier run with the same parameters."""
    written = {
        "seed": outcome.seed,
        "duration": int(duration),
        "off": off,
        "messages": outcome.messages,
        "faults": outcome.faults.total(),
        "violations": outcome.violations,
        "effects": dict(sorted(outcome.effects.items())),
        "confirmed": outcome.confirmed_within and round(outcome.confirmed_within * 1000),
        **proofs.when_and_what(),
    }
    runs = [run for run in proofs.recorded().get("chaos", []) if _words(run) != _words(written)]
    proofs.record("chaos", sorted([*runs, written], key=_words))


def _words(run: dict[str, Any]) -> tuple[str, int, int]:
    return run["off"], run["seed"], run["duration"]


def main() -> int:
    seed, duration = int(os.environ.get("SEED", "1")), float(os.environ.get("DURATION", "60"))
    off, moderators = (
        os.environ.get("SWITCH_OFF", ""),
        int(os.environ.get("MODERATORS", MODERATORS)),
    )
    folder = Path(tempfile.mkdtemp(prefix="moderado-chaos-"))
    folder.chmod(0o711)  # PostgreSQL of root may run as another user
    try:
        template = make_template(folder / "template")
        outcome = chaos(
            folder / "run", template, seed=seed, duration=duration, off=off, moderators=moderators
        )
    finally:
        if os.environ.get("KEEP", "") == "":
            shutil.rmtree(folder, ignore_errors=True)
    print(table(outcome), flush=True)
    if os.environ.get("RECORD"):
        _record(outcome, duration=duration, off=off)
    if off:
        print(f"SWITCH_OFF={off}: its violations were {'' if outcome.shows(off) else 'not '}found")
    if outcome.violations:
        print("\n".join(["What was done:", *outcome.history]))
        print(f"Again: make chaos SEED={seed} DURATION={duration:g} (KEEP=1: {folder})")
    return 1 if outcome.violations or outcome.idle else 0


if __name__ == "__main__":
    sys.exit(main())
