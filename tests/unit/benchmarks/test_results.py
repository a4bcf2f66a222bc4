"""Writing and printing of results."""

import json
from typing import ClassVar

import pytest

from benchmarks.harness.compare import compare
from benchmarks.harness.results import Results, format_value
from benchmarks.workloads.base import Workload

MACHINE = {"cores": 2, "cpu": "some", "memory_gb": 4, "kernel": "6"}


class Talk(Workload):
    name = "talk"
    title = "Talk"
    group = "talk"
    stacks = ("ours", "theirs")
    columns: ClassVar = {"cpu_ms": "CPU ms", "nothing": "never measured"}

    def measure(self, stack, scale):
        return {}  # the figures are below


@pytest.fixture
def results():
    found = Results("2026-01-02", "abc+", MACHINE)
    for ours, theirs in ((1.0, 40.0), (3.0, 60.0), (2.0, 40.0)):
        found.add("talk", "ours", {"cpu_ms": ours, "lost": 0})
        found.add("talk", "theirs", {"cpu_ms": theirs, "lost": 2, "load_share": 0.95})
    found.skipped["node"] = "there is none"
    return found


def test_table_has_medians_and_ratios(results):
    table = results.table({"talk": Talk()})

    assert "| ours | 2.00 ±50% | – | 3 |" in table
    assert "| theirs | 40.0 ±25% | – | 3 |" in table
    assert "| ours : theirs | × 0.050 |  |  |" in table


def test_table_lists_warnings_and_skipped_stacks(results):
    table = results.table({"talk": Talk()})

    assert "theirs: 2 lost" in table
    assert "theirs: the load generator was busy" in table
    assert "ours: " not in table.replace("ours : ", "")
    assert "Not measured: node, because there is none" in table


def test_files_are_named_by_date_and_commit(results, tmp_path):
    path = results.write({"talk": Talk()}, tmp_path / "new")

    assert path.name == "2026-01-02-abc.json"
    kept = json.loads(path.read_text())
    assert kept["medians"]["talk"]["ours"] == {"cpu_ms": 2.0, "lost": 0}
    assert len(kept["rounds"]["talk"]["theirs"]) == 3
    assert path.with_suffix(".md").read_text() == results.table({"talk": Talk()})


def test_second_result_of_a_commit_keeps_the_first(results, tmp_path):
    first = results.write({"talk": Talk()}, tmp_path)
    kept = first.read_text()
    results.rounds = {}

    second = results.write({"talk": Talk()}, tmp_path)

    assert second.name == "2026-01-02-abc-2.json"
    assert first.read_text() == kept != second.read_text()


@pytest.mark.parametrize(
    "value, text",
    [(12345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.01234, "0.012")],
)
def test_figures_have_three_significant_digits(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(
    "after, mark", [([5.0, 5.1, 5.2], " "), ([9.0, 10.5, 12.0], "~"), ([5.0], "~")]
)
def test_difference_within_spread_is_marked(after, mark):
    earlier = {"rounds": {"w2": {"ours": [{"cpu_ms": value} for value in (9.0, 10.0, 11.0)]}}}
    later = {"rounds": {"w2": {"ours": [{"cpu_ms": value} for value in after]}}}

    (line,) = compare(earlier, later)

    assert line.split()[-1].startswith("~") == (mark == "~")
