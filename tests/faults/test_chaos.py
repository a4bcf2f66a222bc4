"""A short chaos run, and proof that the checker finds violations when a safeguard is off.

`make chaos` runs the long version.
"""

import pytest

from tests.faults.chaos import SWITCHES, chaos

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(300)]


@pytest.mark.proves("R55")
@pytest.mark.parametrize("seed", [11, 12])
def test_invariants_hold_under_random_faults(template, tmp_path, seed):
    outcome = chaos(tmp_path, template, seed=seed, duration=20)

    # Latency needs a quiet machine: `make chaos` checks it.
    broken = {name: found for name, found in outcome.broken.items() if not name.startswith("I8")}
    assert [*outcome.late, *(each for found in broken.values() for each in found)] == []
    assert outcome.acknowledged > 100
    assert outcome.faults.total() >= 5


@pytest.mark.proves("R55")
@pytest.mark.parametrize("off", [each for each in SWITCHES if each])
def test_checker_finds_violations_when_a_safeguard_is_off(template, tmp_path, off):
    assert chaos(tmp_path, template, seed=1, duration=30, off=off).shows(off)
