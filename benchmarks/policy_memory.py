"""Memory of policies: 1,000 rooms with 20 words each, against one room with 20,000.

A third case has 50 versions of one policy, which has the packs and 20 own words.

    python -m benchmarks.policy_memory

Each case runs in a process of its own, after the default policy is compiled. Words are invented and
differ between the rooms. Every compiled policy judges one text.
"""

import json
import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from benchmarks.harness.offline import ENVIRONMENT

ROOMS, WORDS, VERSIONS = 1_000, 20, 50
CASES = {
    "one room": (1, ROOMS * WORDS),
    "many rooms": (ROOMS, WORDS),
    "versions": (VERSIONS, WORDS),
}
_SYLLABLES = [a + b for a in "bcdfglmnprstvz" for b in "aeiou"]


def main() -> None:
    """Run the cases, or one of them in this process."""
    if len(sys.argv) > 1:
        name = sys.argv[1]
        print(json.dumps(_measured(*CASES[name], has_packs=name == "versions")))
        return
    for name in CASES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.policy_memory", name],
            env=os.environ | ENVIRONMENT,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        found = json.loads(done.stdout)
        print(
            f"{name:<12} {found['policies']:>5} policies x {found['words']:>6} words: "
            f"{found['mib']:7.1f} MiB, {found['seconds']:6.2f} s to compile, "
            f"{found['judging_us']:6.1f} us a text"
        )


def _measured(policies: int, words: int, *, has_packs: bool) -> dict[str, Any]:
    import django  # noqa: PLC0415  (its settings are in the environment of this process)

    django.setup()
    from moderado.moderation import registry  # noqa: PLC0415
    from moderado.moderation.policies.compile import compile_policy  # noqa: PLC0415
    from moderado.moderation.policies.documents import read_json  # noqa: PLC0415
    from moderado.moderation.services.screening import judge  # noqa: PLC0415
    from moderado.moderation.types import Content  # noqa: PLC0415

    def text(written: str) -> Content:
        return Content(subject_type="text", subject_id=uuid.uuid4(), revision=1, text=written)

    configured, dice = registry.configured_providers(), random.Random(1)
    packs = [{"id": name, "pack": name} for name in ("pt-BR", "en")]
    default = read_json({"name": "default", "rules": packs})
    judge([text("bom dia")], compile_policy([default], version="1", configured=configured))
    before, started, kept = _resident(), time.perf_counter(), []
    for number in range(policies):
        rule = {"id": "own", "words": _words(dice, words), "category": "spam", "outcome": "hold"}
        if has_packs:
            chain = [read_json({"name": "default", "rules": [*packs, rule]})]
        else:
            own = read_json({"name": f"room-{number}", "extends": "default", "rules": [rule]})
            chain = [own, default]
        kept.append(compile_policy(chain, version="1", configured=configured))
    seconds = time.perf_counter() - started
    texts = [text(f"bom dia, gente, hoje é o dia {at} do nosso grupo") for at in range(policies)]
    started = time.perf_counter()
    for content, compiled in zip(texts, kept, strict=True):
        judge([content], compiled)
    judging = (time.perf_counter() - started) / policies
    return {
        "policies": policies,
        "words": words,
        "mib": (_resident() - before) / (1 << 20),
        "seconds": seconds,
        "judging_us": judging * 1e6,
    }


def _words(dice: random.Random, count: int) -> list[str]:
    return ["".join(dice.choices(_SYLLABLES, k=4)) for _ in range(count)]


def _resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
