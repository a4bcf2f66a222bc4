"""Render `docs/guarantees.md`: for each fault and attack its tests and their last result.

Also write the figures of the last recorded runs into the READMEs.

The rows come from `tests/rows.toml`, the results from `docs/guarantees.json`, which
`make faults RECORD=1` and `make chaos RECORD=1` write.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROWS = ROOT / "tests" / "rows.toml"
RESULTS = ROOT / "docs" / "guarantees.json"

PAGE = ROOT / "docs" / "guarantees.md"
GENERATED = (
    "<!-- From here on generated (`make docs`) from tests/rows.toml and docs/guarantees.json. -->"
)


def page() -> str:
    """Return the whole page."""
    rows: dict[str, dict[str, str]] = tomllib.loads(ROWS.read_text())
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return "\n".join(
        [
            PAGE.read_text().partition(GENERATED)[0] + GENERATED,
            "",
            *_chaos(results.get("chaos", [])),
            *_table("Reliability: fault and required outcome", "R", rows, results),
            *_table("Security: attack and required outcome", "S", rows, results),
        ]
    )


def totals(rows: dict[str, dict[str, str]], results: dict[str, Any]) -> str:
    """Return how many rows passed, in one line."""
    recorded = results.get("faults", {}).get("rows", {})
    passed = sum(recorded.get(row, {}).get("outcome") == "passed" for row in rows)
    waiting = sum("waits_for" in row for row in rows.values())
    shortened = sum(_only_shortened(recorded.get(row, {})) for row in rows)
    return (
        f"{passed} of {len(rows)} rows passed, {shortened} of them only in a shortened form; "
        f"{waiting} wait for their feature"
    )


def readme(name: str, *patterns: str) -> str:
    """Return a README whose figures are those of the last recorded runs.

    Args:
        name: The file.
        patterns: Regular expressions of what it says about them, with groups named after figures.
    """
    text = (ROOT / name).read_text()
    figures = _figures(separator="." if name.endswith("pt-BR.md") else ",")
    for pattern in patterns:
        found = re.search(pattern, text)
        if found is None:
            sys.exit(f"{name}: nothing matches {pattern}")
        for figure in sorted(found.groupdict(), key=found.start, reverse=True):
            start, end = found.span(figure)
            text = text[:start] + figures[figure] + text[end:]
    return text


def _figures(*, separator: str) -> dict[str, str]:
    results = json.loads(RESULTS.read_text())
    recorded = results["faults"]["rows"].values()
    runs = [run for run in results["chaos"] if not run["off"]]
    messages = sum(run["messages"] for run in runs)
    return {
        "passed": str(sum(row["outcome"] == "passed" for row in recorded)),
        "ran": str(len(recorded)),
        "faults": str(sum(run["faults"] for run in runs)),
        "messages": f"{messages:,}".replace(",", separator),
    }


def _only_shortened(found: dict[str, Any]) -> bool:
    """Tell whether a test of a row never ran whole."""
    return bool(found.get("shortened", {}).keys() - found.get("whole", {}).keys())


def _table(
    title: str, letter: str, rows: dict[str, dict[str, str]], results: dict[str, Any]
) -> list[str]:
    names = sorted((row for row in rows if row.startswith(letter)), key=lambda row: int(row[1:]))
    chosen = {row: rows[row] for row in names}
    run = results.get("faults", {})
    lines = [f"## {title}", ""]
    if run:
        where = f"{run['date']}, {run['commit']}, {run['machine']}"
        lines += [f"Last recorded run: {where}.", f"Result: {totals(chosen, results)}.", ""]
    lines += [
        "| | fault | required outcome | result | proved by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row, text in chosen.items():
        result, tests = result_cells(text, run.get("rows", {}).get(row))
        cells = [row, text["fault"], text["outcome"], result, tests]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def result_cells(text: dict[str, str], found: dict[str, Any] | None) -> tuple[str, str]:
    """Return the result and the tests of a row, as two cells of the table."""
    if "waits_for" in text:
        return f"*waits for {text['waits_for']}*", ""
    if found is None:
        return "not recorded", ""
    reasons = f" ({'; '.join(found['skipped'])})" if found["skipped"] else ""
    told = [f"{found['outcome']}{reasons}", *_forms(found)]
    return "<br>".join(told), "<br>".join(f"`{test}`" for test in found["tests"])


def _forms(found: dict[str, Any]) -> list[str]:
    """Return what the last run left out, and the last whole run of each reducible test."""
    shortened, whole = found.get("shortened", {}), found.get("whole", {})
    told = [f"last run shortened: {what}" for what in shortened.values()]
    told += ["never run whole" for test in shortened if test not in whole]
    return told + [
        f"whole on {run['date']} ({run['commit']}): {run['figures']}" for run in whole.values()
    ]


def _chaos(runs: list[dict[str, Any]]) -> list[str]:
    if not runs:
        return []
    head = ["seed", "seconds", "switched off", "messages", "faults", "violations", "I8", "date"]
    lines = [
        "## Chaos: the last recorded runs",
        "",
        "`make chaos SEED=… DURATION=… SWITCH_OFF=…`. With a remedy off, violations are expected.",
        "I8: the 99th percentile of confirmations, where processor time was to be had.",
        "",
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
    ]
    lines += [f"| {' | '.join(_cells(run))} |" for run in runs]
    return [*lines, ""]


def _cells(run: dict[str, Any]) -> list[str]:
    figures = [str(run[key]) for key in ("seed", "duration", "off", "messages", "faults")]
    within = "not recorded"  # as before 2026-11-30
    if "confirmed" in run:
        within = f"{run['confirmed']} ms" if run["confirmed"] else "not measured"
    return [*figures, str(run["violations"]), within, str(run["date"])]
