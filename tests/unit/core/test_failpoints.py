"""Failpoints do nothing until armed, and then what was asked, as often as was asked."""

import pytest

from moderado.config.env import Env
from moderado.core import failpoints


@pytest.fixture(autouse=True)
def _disarmed():
    yield
    failpoints.arm("")


def test_nothing_happens_at_a_failpoint_that_is_not_armed():
    assert failpoints.reach("send.before_commit") is False


def test_an_armed_failpoint_acts_and_no_other_does():
    failpoints.arm("send.before_commit:raise, worker.sweep:drop")

    with pytest.raises(failpoints.FailpointReached):
        failpoints.reach("send.before_commit")
    assert failpoints.reach("worker.sweep") is True
    assert failpoints.reach("worker.lease") is False


def test_with_a_file_it_acts_once_for_each_time_the_file_is_laid(tmp_path):
    flag = tmp_path / "flag"
    failpoints.arm(f"worker.sweep:drop@{flag}")

    assert failpoints.reach("worker.sweep") is False
    flag.touch()
    assert [failpoints.reach("worker.sweep") for _ in range(2)] == [True, False]


def test_a_probability_of_none_never_acts():
    failpoints.arm("hub.before_fanout:drop:0")

    assert not any(failpoints.reach("hub.before_fanout") for _ in range(100))


@pytest.mark.parametrize("written", ["nowhere:kill9", "worker.sweep:explode", "worker.sweep", ":"])
def test_what_is_no_failpoint_is_refused(written):
    with pytest.raises(ValueError, match="no failpoint"):
        failpoints.parse(written)


def test_production_refuses_failpoints():
    with pytest.raises(ValueError, match="for tests"):
        Env(moderado_failpoints="worker.sweep:drop", secure_cookies=True)
