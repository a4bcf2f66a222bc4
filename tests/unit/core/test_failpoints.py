"""Unarmed failpoints do nothing; armed ones act exactly as requested."""

import pytest

from moderado.config.env import Env
from moderado.core import failpoints


def test_unarmed_failpoint_does_nothing():
    assert failpoints.reach("send.before_commit") is False


def test_only_the_armed_failpoint_acts():
    failpoints.arm("send.before_commit:raise, worker.sweep:drop")

    with pytest.raises(failpoints.FailpointReached):
        failpoints.reach("send.before_commit")
    assert failpoints.reach("worker.sweep") is True
    assert failpoints.reach("worker.lease") is False


def test_failpoint_with_a_file_acts_once_for_each_file(tmp_path):
    flag = tmp_path / "flag"
    failpoints.arm(f"worker.sweep:drop@{flag}")

    assert failpoints.reach("worker.sweep") is False
    flag.touch()
    assert [failpoints.reach("worker.sweep") for _ in range(2)] == [True, False]


def test_probability_zero_never_acts():
    failpoints.arm("hub.before_fanout:drop:0")

    assert not any(failpoints.reach("hub.before_fanout") for _ in range(100))


@pytest.mark.parametrize("written", ["nowhere:kill9", "worker.sweep:explode", "worker.sweep", ":"])
def test_invalid_failpoint_is_refused(written):
    with pytest.raises(ValueError, match="no failpoint"):
        failpoints.parse(written)


def test_production_refuses_failpoints():
    with pytest.raises(ValueError, match="for tests"):
        Env(moderado_failpoints="worker.sweep:drop", secure_cookies=True)
