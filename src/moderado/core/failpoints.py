"""Places at which tests break the product on purpose, to prove that it mends.

`MODERADO_FAILPOINTS=name:action[:number][@file],…` arms them; without it each costs one look into
an empty dictionary. Actions: `kill9` (this process, at once), `sleep:SECONDS`, `raise`, and `drop`
(leave undone what follows), the last with a probability: `drop:0.3`. With `@file` a failpoint
acts only while that file is there, and takes it away by acting: once, in one process.
"""

import os
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = frozenset({
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
    "worker.lease",  # dropped: a claim is held by nobody
    "worker.sweep",  # dropped: what was left behind stays there
    "hub.before_fanout",
    "hub.healing",  # dropped: what no hint announced is never looked for
    "sync.between_register_and_read",
})  # fmt: skip
ACTIONS = frozenset({"kill9", "sleep", "raise", "drop"})


class FailpointReached(Exception):
    """What an armed `raise` raises."""


@dataclass(frozen=True, slots=True)
class _Armed:
    action: str
    number: float
    file: Path | None


_armed: Mapping[str, _Armed] = {}


def parse(written: str) -> Mapping[str, _Armed]:
    """The failpoints in `written`, by name. Raises ValueError, which names what is wrong."""
    return dict(_one(each.strip()) for each in written.split(",") if each.strip())


def arm(written: str) -> None:
    """Arm exactly the failpoints in `written`; none, if it is empty. Raises ValueError."""
    global _armed  # noqa: PLW0603  (a switch of the whole process)
    _armed = parse(written)


def is_armed() -> bool:
    """Whether any failpoint is armed in this process."""
    return bool(_armed)


def reach(name: str) -> bool:
    """Do what was armed for `name`: usually nothing. True: leave undone what follows."""
    armed = _armed.get(name)
    if armed is None or not _is_due(armed):
        return False
    if armed.action == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "raise":
        raise FailpointReached(name)
    if armed.action == "sleep":
        time.sleep(armed.number)
    return armed.action == "drop"


def _is_due(armed: _Armed) -> bool:
    if armed.action == "drop" and random.random() >= armed.number:  # noqa: S311  (no secret)
        return False
    if armed.file is None:
        return True
    try:
        armed.file.unlink()  # of many processes exactly one succeeds
    except FileNotFoundError:
        return False
    return True


def _one(written: str) -> tuple[str, _Armed]:
    where, _, file = written.partition("@")
    name, _, what = where.partition(":")
    action, _, number = what.partition(":")
    if name not in NAMES or action not in ACTIONS:
        raise ValueError(
            f"'{written}' is no failpoint: write name:action, as in docs/guarantees.md"
        )
    armed = _Armed(action, float(number or 1), Path(file) if file else None)
    return name, armed
