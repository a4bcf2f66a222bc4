"""Every row of what is promised names a test, and every test a row that there is."""

from scripts.guarantees import result_cells, totals
from tests import proofs
from tests.proofs import Result, outcome_of


def test_every_row_has_a_test_or_a_missing_feature():
    declared = proofs.declared()

    missing = [
        row
        for row, told in proofs.rows().items()
        if "waits_for" not in told and row not in declared
    ]
    assert missing == []


def test_tests_prove_existing_rows_only():
    assert set(proofs.declared()) <= set(proofs.rows())


def test_row_of_a_missing_feature_has_no_test():
    waiting = {row for row, told in proofs.rows().items() if "waits_for" in told}

    assert waiting.isdisjoint(proofs.declared())


def test_one_failure_fails_a_row_and_no_result_is_missing():
    passed, failed = Result("a", "passed", 1), Result("b", "failed", 1)
    skipped = Result("c", "skipped", 0, "needs root")

    assert outcome_of([passed, failed, skipped]) == "failed"
    assert outcome_of([passed, skipped]) == "passed"
    assert outcome_of([skipped]) == "skipped"
    assert outcome_of([]) == "missing"


def test_readme_quotes_the_last_recorded_run():
    passed, of = proofs.passed()
    root = proofs.TESTS.parent

    assert f"{passed} of {of}" in (root / "README.md").read_text()
    assert f"{passed} de {of}" in (root / "README.pt-BR.md").read_text()


def test_readme_quotes_the_recorded_chaos():
    runs = [run for run in proofs.recorded()["chaos"] if not run["off"]]
    messages, faults = (sum(run[name] for run in runs) for name in ("messages", "faults"))
    root = proofs.TESTS.parent

    assert sum(run["violations"] for run in runs) == 0
    assert f"{faults} random faults among {messages:,} messages" in (root / "README.md").read_text()
    numero = f"{messages:,}".replace(",", ".")
    assert (
        f"{faults} falhas aleatórias entre {numero} mensagens"
        in (root / "README.pt-BR.md").read_text()
    )


NOW = {"date": "2026-01-02", "commit": "abc"}
WHOLE = Result("tests/a.py::t", "passed", 1, figures="3,600 s, +0.1 MiB")
SHORT = Result("tests/a.py::t", "passed", 1, shortened="60 s of 3,600 s")


def test_shortened_run_is_recorded_as_shortened():
    row = proofs.written_row({}, [SHORT], NOW)

    assert row["outcome"] == "passed"
    assert row["shortened"] == {"a.py::t": "60 s of 3,600 s"}
    assert "whole" not in row


def test_later_shortened_run_keeps_the_figures_of_the_whole_run():
    whole = proofs.written_row({}, [WHOLE], NOW)
    row = proofs.written_row(whole, [SHORT], {"date": "2026-01-03", "commit": "def"})

    assert "shortened" not in whole
    assert row["whole"]["a.py::t"] == {**NOW, "figures": "3,600 s, +0.1 MiB"}
    assert row["shortened"] == {"a.py::t": "60 s of 3,600 s"}


def test_record_forgets_removed_tests():
    here = "unit/test_proofs.py::test_record_forgets_removed_tests"
    results = {here: "passed", "unit/test_proofs.py::test_of_old": "failed", "a.py::t": "failed"}
    row = {"commit": "abc", "tests": results, "shortened": {"a.py::t": "1 of 2 cases"}}

    kept = {"commit": "abc", "tests": {here: "passed"}, "shortened": {}}
    assert proofs.without_removed(row) == kept
    assert proofs.without_removed({}) == {}


def test_run_of_some_cases_is_recorded_as_shortened():
    ran = Result("tests/a.py::t[3]", "passed", 1, cases=2)

    assert proofs.written_row({}, [ran], NOW)["shortened"] == {"a.py::t": "1 of 2 cases"}


def test_page_says_which_rows_never_ran_whole():
    short = proofs.written_row({}, [SHORT], NOW)
    both = proofs.written_row(proofs.written_row({}, [WHOLE], NOW), [SHORT], NOW)
    rows = {"R1": {"fault": "f", "outcome": "o"}}

    assert "never run whole" in result_cells(rows["R1"], short)[0]
    assert "1 of them only in a shortened form" in totals(rows, {"faults": {"rows": {"R1": short}}})
    assert "whole on 2026-01-02 (abc): 3,600 s, +0.1 MiB" in result_cells(rows["R1"], both)[0]
    assert "0 of them only in a shortened form" in totals(rows, {"faults": {"rows": {"R1": both}}})
