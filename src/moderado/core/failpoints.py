"""Failpoints: places where a test breaks the product on purpose, to prove that it recovers.

`MODERADO_FAILPOINTS=name:action[:number][@file],…` arms them. Unarmed, each costs one look-up in an
empty dictionary. Actions: `kill9` (this process), `sleep:SECONDS`, `raise`, and `drop` (skip the
following step), the last with a probability: `drop:0.3`. With `@file` a failpoint acts only while
that file exists, and deletes it: once, in one process.
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
    "mode.local_look",  # dropped: a room of mode `optimistic` shows what local providers find
    "worker.after_claim",
    "worker.after_reserve",
    "worker.after_request_sent",
    "worker.after_answer",
    "worker.after_record",
    "worker.before_apply_commit",
    "worker.after_apply_commit",
    "worker.lease",  # dropped: the claim gets no lease
    "worker.sweep",  # dropped: messages without a wake-up stay queued
    "ruling.lock",  # dropped: two moderators may decide one case at the same moment
    "erasure.before_commit",
    "erasure.after_batch",
    "purge.before_commit",
    "hub.before_audience",
    "hub.before_fanout",
    "hub.reconcile",  # dropped: changes without a hint are never found
    "sync.between_register_and_read",
    "sync_me.settled",  # dropped: a cursor passes transactions that are still running
})  # fmt: skip
ACTIONS = frozenset({"kill9", "sleep", "raise", "drop"})


class FailpointReached(Exception):
    """The error of an armed `raise`."""


@dataclass(frozen=True, slots=True)
class _Armed:
    action: str
    number: float
    file: Path | None


_armed: Mapping[str, _Armed] = {}


def parse(text: str) -> Mapping[str, _Armed]:
    """Return the failpoints in `text`, by name. Raises ValueError, naming the mistake."""
    return dict(_parse_one(each.strip()) for each in text.split(",") if each.strip())


def arm(text: str) -> None:
    """Arm exactly the failpoints in `text`; none if it is empty. Raises ValueError."""
    global _armed  # noqa: PLW0603  (a switch of the whole process)
    _armed = parse(text)


def reach(name: str) -> bool:
    """Perform the action armed for `name`, if any. True: skip the following step."""
    armed = _armed.get(name)
    if armed is None or not _applies(armed):
        return False
    if armed.action == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "raise":
        raise FailpointReached(name)
    if armed.action == "sleep":
        time.sleep(armed.number)
    return armed.action == "drop"


def _applies(armed: _Armed) -> bool:
    if armed.action == "drop" and random.random() >= armed.number:  # noqa: S311  (no secret)
        return False
    if armed.file is None:
        return True
    try:
        armed.file.unlink()  # exactly one of many processes succeeds
    except FileNotFoundError:
        return False
    return True


def _parse_one(text: str) -> tuple[str, _Armed]:
    where, _, file = text.partition("@")
    name, _, what = where.partition(":")
    action, _, number = what.partition(":")
    if name not in NAMES or action not in ACTIONS:
        raise ValueError(f"'{text}' is no failpoint: write name:action, as in docs/guarantees.md")
    armed = _Armed(action, float(number or 1), Path(file) if file else None)
    return name, armed
