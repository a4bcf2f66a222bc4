"""The faults of a chaos run: each is small, ends by itself, and is chosen by a seeded generator."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.faults.cluster import Cluster, Process
from tests.faults.judge import Manner

Action = Callable[[], None]

ARMED = (
    "send.before_commit",
    "send.after_commit_before_ack",
    "queue.before_publish",
    "worker.after_claim",
    "worker.after_reserve",
    "worker.after_request_sent",
    "worker.after_answer",
    "worker.after_record",
    "worker.before_apply_commit",
    "worker.after_apply_commit",
    "hub.before_fanout",
    "sync.between_register_and_read",
)
WAIT_AT_FAILPOINT = 1.5  # seconds until an armed failpoint is disarmed


class FaultInjector:
    """Injects one fault after the other, and restarts processes that died, as a supervisor does."""

    def __init__(self, cluster: Cluster, *, seed: int) -> None:
        self._cluster = cluster
        self._dice = random.Random(seed)
        self._later: list[tuple[float, Action]] = []
        self._armed: dict[Path, str] = {}  # failpoints that nothing has reached yet
        self._manner = cluster.judge.manner
        self.done: list[str] = []
        self._acts: list[tuple[int, Callable[[], None]]] = [
            (3, self._kill_web),
            (3, self._kill_web_worker),
            (3, self._kill_worker),
            (3, self._kill_worker_child),
            (1, self._kill_every_worker),
            (1, self._kill_beat),
            (3, self._pause_worker),
            (2, self._crash_postgres),
            (2, self._terminate_backends),
            (2, self._kill_valkey),
            (2, self._flush_valkey),
            (4, self._interrupt_connection),
            (2, self._swallow_answers),
            (2, self._disturb_provider),
            (6, self._arm_a_failpoint),
        ]

    def act(self) -> None:
        """Inject one fault now."""
        weights = [weight for weight, _ in self._acts]
        act = self._dice.choices([act for _, act in self._acts], weights)[0]
        self.done.append(act.__name__.strip("_"))
        act()

    def repair(self) -> None:
        """Do what is due: restart killed processes, release proxies. Note reached failpoints."""
        self._note_reached()
        due = [each for each in self._later if each[0] <= time.monotonic()]
        self._later = [each for each in self._later if each not in due]
        for _, mend in due:
            mend()

    def stop(self) -> None:
        """Stop injecting faults, and undo or restart everything."""
        self._later.clear()
        self._cluster.mend(manner=self._manner, wait=False)

    def _mend_in(self, least: float, most: float, mend: Action) -> None:
        self._later.append((time.monotonic() + self._dice.uniform(least, most), mend))

    def _kill(self, process: Process) -> None:
        process.resume()
        process.kill()
        self._mend_in(0.2, 2.0, process.start)

    def _kill_web(self) -> None:
        self._kill(self._dice.choice(self._cluster.webs))

    def _kill_web_worker(self) -> None:
        self._kill_child(self._dice.choice(self._cluster.webs))

    def _kill_worker(self) -> None:
        self._kill(self._dice.choice(self._cluster.workers))

    def _kill_worker_child(self) -> None:
        self._kill_child(self._dice.choice(self._cluster.workers))

    def _kill_child(self, process: Process) -> None:
        with suppress(IndexError, ProcessLookupError, AssertionError):
            process.kill_child()

    def _kill_every_worker(self) -> None:
        for worker in self._cluster.workers:
            self._kill(worker)

    def _kill_beat(self) -> None:
        self._kill(self._dice.choice(self._cluster.beats))

    def _pause_worker(self) -> None:
        worker = self._dice.choice(self._cluster.workers)
        worker.pause()
        self._mend_in(0.5, 8.0, worker.resume)

    def _crash_postgres(self) -> None:
        self._cluster.note("crash of PostgreSQL")
        self._cluster.postgres.restart()
        self._cluster.note("PostgreSQL is back")

    def _terminate_backends(self) -> None:
        self._cluster.note("backends terminated")
        self._cluster.postgres.terminate_backends()

    def _kill_valkey(self) -> None:
        if self._cluster.valkey.answers():
            self._cluster.note("kill Valkey")
            self._cluster.valkey.kill()
            self._mend_in(0.0, 3.0, self._start_valkey)

    def _start_valkey(self) -> None:
        if not self._cluster.valkey.answers():
            self._cluster.valkey.start()
            self._cluster.note("Valkey is back, empty")

    def _flush_valkey(self) -> None:
        if self._cluster.valkey.answers():
            self._cluster.note("Valkey flushed")
            self._cluster.valkey.flush()

    def _interrupt_connection(self) -> None:
        name, wire = self._dice.choice(list(self._cluster.named_wires.items()))
        how = self._dice.choice(["cut", "hold", "refuse"])
        self._cluster.note(f"{how} the wire to {name}")
        getattr(wire, how)()
        if how != "cut":
            self._mend_in(0.3, 3.0, wire.release)

    def _swallow_answers(self) -> None:
        self._cluster.note("answers of PostgreSQL swallowed")
        self._cluster.postgres.wire.swallow(self._dice.randint(1, 4))

    def _disturb_provider(self) -> None:
        self._cluster.note("the provider is disturbed")
        self._cluster.judge.manner = self._dice.choice(
            [Manner(status=503), Manner(seconds=2.0), Manner(lose_answers=0.5)]
        )
        self._mend_in(0.5, 3.0, self._restore_provider)

    def _restore_provider(self) -> None:
        self._cluster.judge.manner = self._manner
        self._cluster.note("the provider is restored")

    def _arm_a_failpoint(self) -> None:
        name = self._dice.choice(ARMED)
        flag = self._cluster.arm(name)
        self._armed[flag] = name
        self._mend_in(WAIT_AT_FAILPOINT, WAIT_AT_FAILPOINT, lambda: self._disarm(flag))

    def _disarm(self, flag: Path) -> None:
        self._note_reached()
        self._armed.pop(flag, None)
        flag.unlink(missing_ok=True)

    def _note_reached(self) -> None:
        """Note that a process died at a failpoint, which may be seconds after it was armed.

        The checker finds by the time of the fault which calls it has interrupted.
        """
        for flag, name in list(self._armed.items()):
            if not flag.exists():
                del self._armed[flag]
                self._cluster.note(f"failpoint {name} reached")
