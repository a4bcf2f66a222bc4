"""What `moderado up` says, to people and to machines."""

import io
import json
from datetime import datetime

import pytest

from moderado.standalone.report import Report


@pytest.fixture
def stream():
    return io.StringIO()


def test_people_read_a_line_a_step(stream):
    with Report(stream).step("PostgreSQL") as step:
        step.result = "yours"

    assert stream.getvalue() == "  PostgreSQL     yours (0.0 s)\n"


def test_machines_read_an_object_a_line(stream):
    report = Report(stream, as_json=True)
    with report.step("PostgreSQL"):
        pass
    report.say("for people")
    report.event("standalone_ready", url="http://127.0.0.1:8000")

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["standalone_step", "standalone_ready"]
    assert datetime.fromisoformat(lines[0].pop("timestamp"))
    assert lines[0] == {
        "event": "standalone_step",
        "step": "PostgreSQL",
        "result": "ready",
        "seconds": 0.0,
        "level": "info",
        "logger": "moderado.standalone",
    }


def test_a_step_that_fails_does_not_look_ready(stream):
    with pytest.raises(ZeroDivisionError), Report(stream).step("PostgreSQL"):
        _ = 1 / 0

    assert "ready" not in stream.getvalue()


def test_nobody_hears_a_silent_report(stream):
    with Report(stream, silent=True).step("PostgreSQL"):
        pass

    assert stream.getvalue() == ""
