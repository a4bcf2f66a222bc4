"""A remote moderation service with a fixed response time, in its own process.

`python -m benchmarks.harness.judge 0.3` prints its port and serves until its input ends.
"""

import sys

from tests.faults.judge import Judge, Manner

if __name__ == "__main__":
    with Judge() as judge:
        judge.manner = Manner(seconds=float(sys.argv[1]))
        print(judge.port, flush=True)
        sys.stdin.read()
