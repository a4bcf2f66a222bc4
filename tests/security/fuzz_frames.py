"""`make fuzz`: send COUNT hostile frames over real sockets to the real server.

Each frame gets exactly one answer, or the documented ones. No connection is lost, no handler
fails, no log line contains a sent text, and memory does not grow.
"""

import asyncio
import os
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from tests.security.hostile.serving import Sender, resident_megabytes, serving
from tests.security.hostile.strings import MARK
from tests.security.hostile.volleys import Findings, fire, fire_too_large

CONNECTIONS = 4  # concurrent connections
ROUNDS = 20
MAY_GROW = 24  # MiB between a tenth of the run and its end: caches fill, nothing else grows


async def _fire_all(senders: list[Sender], count: int, findings: Findings) -> list[float]:
    """Send all frames, in rounds; return the server's memory after each round."""
    frames = [iter(sender.frames) for sender in senders]
    share = max(1, count // ROUNDS // len(senders))
    sizes = []
    for _ in range(ROUNDS):
        await asyncio.gather(
            *(
                fire(sender.url, islice(own, share), findings)
                for sender, own in zip(senders, frames, strict=True)
            )
        )
        await fire_too_large(senders[0].url, findings)
        sizes.append(resident_megabytes())
    return sizes


def _complaints_of_the_log(log: Path) -> list[str]:
    """Return log lines that quote a sent text or report a failure."""
    lines = log.read_text(errors="replace").splitlines()
    quoting = [f"the log quotes a frame: {line[:200]}" for line in lines if MARK in line]
    failed = [
        f"the log tells of a failure: {line[:300]}"
        for line in lines
        if '"level":"error"' in line.replace(" ", "") or "Traceback" in line
    ]
    return quoting + failed


def main() -> int:
    count, seed = int(os.environ.get("COUNT", "100000")), int(os.environ.get("SEED", "1"))
    findings = Findings()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        began = time.monotonic()
        with serving(log, senders=CONNECTIONS, seed=seed) as senders:
            sizes = asyncio.run(_fire_all(senders, count, findings))
        seconds = time.monotonic() - began
        violations = findings.violations + _complaints_of_the_log(log)
    grown = sizes[-1] - sizes[ROUNDS // 10]
    if grown > MAY_GROW:
        violations.append(f"memory grew by {grown:.0f} MiB: {[round(size) for size in sizes]}")
    print(findings.summary())
    print(f"{seconds:>9,.0f}  seconds · seed {seed} · server {sizes[0]:.0f} → {sizes[-1]:.0f} MiB")
    for violation in violations[:40]:
        print(f"VIOLATION {violation}")
    print(f"{len(violations)} violations")
    return 1 if violations or findings.sent < count * 0.9 else 0


if __name__ == "__main__":
    sys.exit(main())
