"""Links tests to the rows of docs/guarantees.md: `@pytest.mark.proves("R1", "S5")`.

`tests/rows.toml` contains the rows. A run with `--proofs` prints a table of them; a complete run
fails for a row without a test. `--record` also writes the results to `docs/guarantees.json`, from
which `docs/guarantees.md` is generated.

A test that can run in a reduced form says so with pytest's `record_property`: `"shortened"` names
what was left out, `"figures"` what a whole run measured. A later shortened run keeps the figures.
A run of some of a test's parameters only is recorded as shortened as well.
"""

import ast
import json
import platform
import subprocess
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
ROWS = TESTS / "rows.toml"
RESULTS = TESTS.parent / "docs" / "guarantees.json"


def rows() -> dict[str, dict[str, str]]:
    """Return every row by its id: `fault`, `outcome`, and `waits_for` if its feature is missing."""
    return tomllib.loads(ROWS.read_text())


@cache
def declared() -> dict[str, list[str]]:
    """Return the tests that declare to prove each row, read from the source without running it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text()
        if "proves" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.proves":
                for row in node.args:
                    found[ast.literal_eval(row)].append(f"{path.relative_to(TESTS)}:{node.lineno}")
    return dict(found)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one test: `outcome` is passed, failed or skipped.

    `cases` is the number of the test's parameter sets, run or not.
    """

    test: str
    outcome: str
    seconds: float
    reason: str = ""
    shortened: str = ""
    figures: str = ""
    cases: int = 1

    @property
    def name(self) -> str:
        """Return the test below `tests/`, without its parameters."""
        return self.test.partition("[")[0].removeprefix("tests/")


class Proofs:
    """Collects the results of the tests that prove rows, and reports them by row."""

    def __init__(self, *, record: bool) -> None:
        self._record = record
        self._proves: dict[str, list[str]] = {}
        self._results: dict[str, Result] = {}

    @pytest.hookimpl(tryfirst=True)  # before `-k` and `-m` remove items
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        cases = Counter(item.nodeid.partition("[")[0] for item in items)
        known = rows().keys()
        for item in items:
            marks = [row for mark in item.iter_markers("proves") for row in mark.args]
            if unknown := set(marks) - known:
                raise pytest.UsageError(f"{item.nodeid} proves {unknown}, which are no rows")
            # Stored with the item's reports, it reaches the collecting process, in xdist as well.
            item.user_properties.append(("proves", list(dict.fromkeys(marks))))
            item.user_properties.append(("cases", cases[item.nodeid.partition("[")[0]]))
        if "proves" in config.option.markexpr:  # `make faults`; `make test` runs the short cases
            _keep_cases_together(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = dict(report.user_properties)
        self._proves[report.nodeid] = known.get("proves", [])
        if report.when == "call" or report.outcome != "passed":
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self._results[report.nodeid] = Result(
                report.nodeid,
                report.outcome,
                round(report.duration, 1),
                str(reason),
                **{key: known[key] for key in ("shortened", "figures", "cases") if key in known},
            )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        config = session.config
        is_whole = not config.option.keyword and (
            config.args_source is pytest.Config.ArgsSource.TESTPATHS
        )
        # `make faults` runs long and short tests apart: a row has its tests in either.
        missing = any(
            row not in declared() for row, results in self.by_row().items() if not results
        )
        if session.exitstatus == 0 and is_whole and missing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section("what is promised")
        known = rows()
        for row, results in self.by_row().items():
            if not results:
                continue
            seconds = sum(result.seconds for result in results)
            terminalreporter.write_line(
                f"{row:>4}  {outcome_of(results):8} {len(results):3} tests {seconds:7.1f} s  "
                f"{known[row]['fault'][:80]}"
            )
        if self._record:
            record("faults", self._written())

    def by_row(self) -> dict[str, list[Result]]:
        """Return the results of each row whose feature exists, in the table's order."""
        found: dict[str, list[Result]] = {
            row: [] for row, told in rows().items() if "waits_for" not in told
        }
        for test, result in sorted(self._results.items()):
            for row in self._proves.get(test, ()):
                found.setdefault(row, []).append(result)
        return found

    def _written(self) -> dict[str, Any]:
        """Return the recorded rows, updated by this run, which may be partial."""
        now = when_and_what()
        merged = recorded().get("faults", {}).get("rows", {})
        for row, results in self.by_row().items():
            if results:
                merged[row] = written_row(without_removed(merged.get(row, {})), results, now)
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        return {
            **now,
            "machine": machine,
            "rows": {row: merged[row] for row in rows() if row in merged},
        }


def _keep_cases_together(items: list[pytest.Item]) -> None:
    """Mark all cases of a test as long if one is, so that one of two runs has all of them."""
    long = {item.nodeid.partition("[")[0] for item in items if item.get_closest_marker("long")}
    for item in items:
        if item.nodeid.partition("[")[0] in long:
            item.add_marker("long")


def outcome_of(results: list[Result]) -> str:
    """Return the result of a row: failed, passed, skipped, or missing if no test ran."""
    return worst(result.outcome for result in results)


def worst(outcomes: Iterable[str]) -> str:
    """Return the common result of several tests."""
    seen = set(outcomes)
    return next((o for o in ("failed", "passed", "skipped") if o in seen), "missing")


def without_removed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a recorded row without the tests that no longer exist: their results never change."""
    kept = {test for test in row.get("tests", {}) if _exists(test)}
    parts = ("tests", "shortened", "whole")
    return row | {
        part: {test: value for test, value in row[part].items() if test in kept}
        for part in parts
        if part in row
    }


def _exists(test: str) -> bool:
    path, _, name = test.partition("::")
    module = TESTS / path
    return module.is_file() and f"def {name.rpartition('::')[2]}(" in module.read_text()


def written_row(
    before: dict[str, Any], results: list[Result], now: dict[str, str]
) -> dict[str, Any]:
    """Return a recorded row, updated by the results of a run.

    Args:
        before: The recorded row, or an empty dict.
        results: At least one result of this run.
        now: Date and commit of this run.
    """
    by_test: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_test[result.name].append(result)
    tests = before.get("tests", {}) | {
        test: worst(each.outcome for each in found) for test, found in by_test.items()
    }
    ran = {test: shortened(found) for test, found in by_test.items()}
    figures = {
        test: {**now, "figures": found[0].figures}
        for test, found in by_test.items()
        if found[0].figures and not ran[test] and tests[test] == "passed"
    }
    optional = {
        "shortened": {
            test: said for test, said in (before.get("shortened", {}) | ran).items() if said
        },
        "whole": before.get("whole", {}) | figures,
    }
    return {
        "outcome": worst(tests.values()),
        "commit": now["commit"],
        "tests": tests,
        "skipped": sorted({each.reason for each in results if each.reason}),
        **{key: value for key, value in optional.items() if value},
    }


def shortened(results: list[Result]) -> str:
    """Return what the run of one test left out, or an empty string."""
    said = [each.shortened for each in results if each.shortened]
    cases = results[0].cases
    if len(results) < cases:
        said.append(f"{len(results)} of {cases} cases")
    return "; ".join(said)


def record(section: str, value: object) -> None:
    """Replace one section of the recorded results."""
    known = recorded() | {section: value}
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")


def recorded() -> dict[str, Any]:
    """Return the recorded results."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def passed() -> tuple[int, int]:
    """Return how many rows passed in the last recorded run, and how many it had."""
    told = recorded().get("faults", {}).get("rows", {})
    return sum(result["outcome"] == "passed" for result in told.values()), len(told)


def when_and_what() -> dict[str, str]:
    """Return the date and commit of a run."""
    commit = _git("rev-parse", "--short", "HEAD")
    # Recorded results do not change the code under test.
    changed = _git("status", "--porcelain", "--", ".", ":!docs")
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": f"{commit}-dirty" if changed else commit,
    }


def _git(*arguments: str) -> str:
    asked = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return asked.stdout.strip()
