"""A missing program skips a test on a developer's machine and fails it in CI."""

import pytest

from tests.tools import program


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail), ("", pytest.skip)])
def test_missing_program_fails_in_ci_and_skips_elsewhere(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome.Exception, match="no-such-program is missing: install it"):
        program("no-such-program", advice="install it")


def test_first_program_found_is_used():
    assert program("no-such-program", "sh", advice="").endswith("/sh")
