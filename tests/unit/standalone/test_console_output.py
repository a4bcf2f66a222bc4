"""Output of `moderado up` as text and as JSON."""

import io
import json
from datetime import datetime

import pytest

from moderado.standalone.console_output import ConsoleOutput


@pytest.fixture
def stream():
    return io.StringIO()


def test_step_prints_one_line_of_text(stream):
    with ConsoleOutput(stream).step("PostgreSQL") as step:
        step.result = "external"

    assert stream.getvalue() == "  PostgreSQL     external (0.0 s)\n"


def test_json_output_is_one_object_per_line(stream):
    output = ConsoleOutput(stream, as_json=True)
    with output.step("PostgreSQL"):
        pass
    output.write_text("text")
    output.write_event("standalone_ready", url="http://127.0.0.1:8000")

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


def test_failed_step_is_not_reported_ready(stream):
    with pytest.raises(ZeroDivisionError), ConsoleOutput(stream).step("PostgreSQL"):
        _ = 1 / 0

    assert "ready" not in stream.getvalue()


def test_silent_output_writes_nothing(stream):
    with ConsoleOutput(stream, silent=True).step("PostgreSQL"):
        pass

    assert stream.getvalue() == ""
