"""The audit of dependencies says "clean" only when everything was looked up and nothing found."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.audit import CLEAN, UNKNOWN, WEAK, judged

pytestmark = pytest.mark.proves("S41")

SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
FLAWED = {
    "name": "redis",
    "version": "7.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["7.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
SKIPPED = {"name": "celery", "skip_reason": "Dependency not found on PyPI"}


def report(*packages: dict[str, object]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


@pytest.mark.parametrize(
    ("packages", "code"),
    [
        ([SOUND], CLEAN),
        ([SOUND, FLAWED], WEAK),
        ([SOUND, SKIPPED], UNKNOWN),
        ([FLAWED, SKIPPED], WEAK),
        ([], UNKNOWN),
    ],
)
def test_only_looked_up_packages_without_findings_are_clean(packages, code):
    assert judged(report(*packages), "").code == code


@pytest.mark.parametrize("said", ["", "Traceback", "{}", "[]", '{"dependencies": null}'])
def test_unreadable_report_fails(said):
    answer = judged(said, "first\nConnectionError: no such host\n")

    assert answer.code == UNKNOWN
    assert "ConnectionError" in answer.lines[0]


def test_each_vulnerability_is_named_with_its_fix():
    assert judged(report(FLAWED), "").lines == (
        "redis 7.0: PYSEC-1, mended in 7.1",
        "redis 7.0: PYSEC-2, mended in no version yet",
    )


def test_missing_program_fails_with_instructions(tmp_path):
    script = Path(__file__).parents[3] / "scripts" / "audit.py"
    asked = subprocess.run(
        [sys.executable, script], env={"PATH": str(tmp_path)}, capture_output=True, check=False
    )

    assert asked.returncode == UNKNOWN
    assert b"pipx install pip-audit" in asked.stderr
