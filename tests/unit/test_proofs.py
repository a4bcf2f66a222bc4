"""Every row of what is promised names a test, and every test a row that there is."""

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
