"""What no result in benchmarks/results says. Everything else of the costs is read from there.

**The product**, measured on 2026-11-26 under W2 with 50 messages under way in 20 rooms. Measure it
anew, a minute each, when hot paths or the moments at which batches form have changed:

- how large batches are: `pg_stat_statements` on, `rows / calls` of the INSERT of batches.py, of the
  claim in claims.py and of the room's update in publication.py, for W2 and for W3;
- shares of a process's CPU: the flame graphs in docs/images (a branch's width);
- shares of PostgreSQL's CPU: `total_exec_time` of the same statements, beside its CPU in W2;
- what the steps of a batch take by the clock (`STEPS_MS`): a look at the clock before and after
  each, averaged. Nothing is computed from these: `make simulate VALIDATE=1` compares them.

**The machine**, two shared cores: `.venv/bin/python -m benchmarks.simulate.probe` measures it in
some seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """How large batches were on average in a workload."""

    stored: float  # messages a commit of the web
    judged: float  # messages a commit of the worker
    rooms: float  # rooms in such a commit
    sockets: float  # sockets in a room


W1 = Seen(stored=1, judged=1, rooms=1, sockets=10)
W2 = Seen(stored=19.2, judged=21.5, rooms=10.4, sockets=2.5)
W3 = Seen(stored=10.3, judged=10.6, rooms=1, sockets=500)
LARGE = 2000  # sockets of `w3-2000`
LARGEST, ROOMS_W6 = 200, 20  # messages and rooms in a batch of W6

# By the clock, milliseconds a batch. `store` is all of the web's, from being taken out of the line
# to the last confirmation; `apply` are the log, the rooms and the rows.
STEPS_MS: Mapping[str, float] = {
    "store": 3.24,
    "store: quota": 0.62,
    "store: statement": 1.81,
    "claim": 0.96,
    "judge": 0.69,
    "apply": 2.85,
    "commit": 0.72,
}

# Of the web's CPU for a store: reading and parsing frames, in the event loop; in the thread, about
# the quota and about the statement; handing the answers out and confirming, in the event loop.
READ, COUNT, WRITE, ANSWER, CONFIRM = 0.27, 0.09, 0.17, 0.09, 0.38

# Of the worker's CPU for a batch, step after step. `told` is done by a thread of its own.
CLAIM, JUDGE, RECORD, SETTLE, MEASURE, COMMIT, KNOCK, TOLD = (
    0.065, 0.305, 0.14, 0.17, 0.065, 0.05, 0.05, 0.155,
)  # fmt: skip

# Of PostgreSQL's CPU in W2: the statement that stores, and how much of that the batch costs by
# itself. Of the rest: the claim, the log, the rooms and rows (between these and the commit, rooms
# are locked), the commit. Only the first and the rows' were measured; the others share evenly.
STORE, STORE_FIXED = 0.26, 0.35
CLAIM_THERE, RECORD_THERE, ROWS_THERE, COMMIT_THERE = 0.2, 0.2, 0.4, 0.2

# A call of Celery's, in seconds of CPU for whoever calls and for whoever is called: what ADR 0003
# measured, thought to be shared evenly. And how many W1 has a message, reckoned: none is needed
# while a worker lingers, for 50 ms.
CALL, CALLS_W1 = 0.55e-3, 0.4

# How much more than warm a message of W1 costs, where no result has a third size of batches.
# With the web's, the line through W1 and W2 also met runs with 3, 10 and 200 messages under way.
COLD_WEB, COLD_VALKEY = 1.45, 2.2

# Taking a publication off the layer, in seconds of the web's CPU, and all of hearing but for the
# writes, as a share of what a message of W2 costs it; one more line in a write that is made anyway.
HEAR, HEAR_ALL, LINE = 0.04e-3, 0.085, 0.3e-6
ELSEWHERE = 1e-6  # seconds of the web: a room in a publication in which nobody is here (ADR 0015)
PRESS = 0.03e-3  # seconds of the web: pressing the doorbell, in a thread of its own
# Seconds of Valkey: a publication, each connection that hears it, and each message in it for each
# of those. PUBLISH of 0.5 to 10 KB: 13 to 17 µs unheard, 27 to 30 with one, 117 to 133 with ten.
PUBLISH, HEARD, CARRIED = 15e-6, 10e-6, 0.1e-6

# The machine, in seconds: until a process that was asked, or answered, runs; how long a process
# keeps a core that others want; a write that is safe on the disk: of 8 KiB 0.26 ms, of 64 KiB 0.44,
# and what a batch writes was taken to lie between.
WAKE = 0.000035
CORE_TURN = 0.004
FLUSH = 0.00035
