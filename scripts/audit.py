"""Look up known vulnerabilities of the dependencies: `make audit`, with pip-audit.

pip-audit succeeds for packages that its service does not know, for example behind a mirror. Here
that is a failure: what was not looked up is not clean.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements-dev.lock"  # runtime, test and build dependencies
CLEAN, WEAK, UNKNOWN = 0, 1, 3

INSTALL = "pip-audit is not installed: `pipx install pip-audit`, or `uv tool install pip-audit`."


@dataclass(frozen=True, slots=True)
class Answer:
    """What to print, and the exit code."""

    code: int
    lines: tuple[str, ...]


def judged(report: str, complaint: str) -> Answer:
    """Evaluate a run of pip-audit.

    Args:
        report: Its standard output, a JSON report.
        complaint: Its standard error.

    Returns:
        CLEAN, WEAK if a vulnerability was found, UNKNOWN if a package was not looked up.
    """
    try:
        found = list(json.loads(report)["dependencies"])
    except (ValueError, KeyError, TypeError):
        last = complaint.strip().splitlines()[-1:] or ["no output"]
        return Answer(UNKNOWN, (f"The weaknesses could not be looked up: {last[0][:300]}",))
    weak = tuple(
        f"{package['name']} {package['version']}: {flaw['id']}, mended in "
        f"{', '.join(flaw.get('fix_versions') or ['no version yet'])}"
        for package in found
        for flaw in package.get("vulns", ())
    )
    skipped = [package["name"] for package in found if "skip_reason" in package]
    if skipped or not found:
        incomplete = (
            f"{len(skipped)} of {len(found)} packages could not be looked up: {skipped[:5]}"
        )
        return Answer(WEAK if weak else UNKNOWN, (*weak, incomplete))
    return Answer(WEAK if weak else CLEAN, weak or (f"{len(found)} packages, no known weakness",))


def main() -> int:
    program = shutil.which("pip-audit")
    if program is None:
        sys.stderr.write(f"{INSTALL}\n")
        return UNKNOWN
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    command = [program, "-r", str(ROOT / LOCK), *options, *sys.argv[1:]]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    answer = judged(asked.stdout, asked.stderr)
    (sys.stdout if answer.code == CLEAN else sys.stderr).write("\n".join([*answer.lines, ""]))
    return answer.code


if __name__ == "__main__":
    sys.exit(main())
