"""Log lines cannot be forged and quote no user."""

import json
import logging
from uuid import uuid4

import pytest
import structlog

from moderado.core import logging as lines

CANARY = "canary7f3a"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
TICKET = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
FORGED = 'x\n{"event": "forged"}\r\x1b[2K\u202etxt.exe\u2028\x00'


@pytest.fixture(params=["json", "console"])
def log_format(request):
    return request.param


@pytest.fixture
def written(log_format):
    """Run one log call and return the line it wrote; None without one."""
    config = lines.configure(log_format=log_format, level="DEBUG")
    factory = dict(config["formatters"]["line"])
    formatter = factory.pop("()")(**factory)

    def write(*, call=None, **given):
        taken = []
        logger = logging.Logger("moderado.test", logging.DEBUG)  # noqa: LOG001  (of this test alone)
        handler = logging.Handler()
        handler.emit = lambda record: taken.append(formatter.format(record))
        for name in config["handlers"]["line"]["filters"]:
            handler.addFilter(config["filters"][name]["()"]())
        logger.addHandler(handler)
        bound = structlog.wrap_logger(
            logger,
            processors=structlog.get_config()["processors"],
            wrapper_class=structlog.stdlib.BoundLogger,
        )
        if call:
            call(logger)
        else:
            bound.warning(given.pop("event", "something_happened"), **given)
        return taken[0] if taken else None

    return write


@pytest.mark.parametrize(
    "given",
    [
        {"text": CANARY},
        {"content": f"{CANARY} e mais"},
        {"message": CANARY},
        {"password": CANARY},
        {"token": TOKEN},
        {"ticket": TICKET},
        {"email": f"{CANARY}@example.org"},
        {"name": CANARY},
        {"anything_nobody_thought_of": CANARY},
        {"nested": {"text": CANARY}},
        {"several": [CANARY]},
        {"body": CANARY.encode()},
        {"error": f"could not parse {CANARY}"},
        {"code": TOKEN},
        {"what": TICKET},
        {"request": f"GET /api/chat/rooms/?search={CANARY}"},
        {"path": f"/ws/chat/?token={TOKEN}"},
        {"event": f"sent to {CANARY}@example.org"},
        {"exc_info": ValueError(CANARY)},
        {"exc_info": KeyError(CANARY)},
    ],
    ids=str,
)
def test_user_text_and_secrets_are_not_logged(written, given):
    line = written(**given)

    assert CANARY not in line
    assert TOKEN not in line
    assert TICKET not in line


def test_ids_codes_and_numbers_are_logged(written):
    room = uuid4()

    line = written(room_id=room, user_id=str(room), code="not_found", count=7, provider="blocklist")

    assert line.count(str(room)) == 2
    for word in ("something_happened", "not_found", "7", "blocklist"):
        assert word in line


def test_bound_ids_are_logged(written):
    request = str(uuid4())

    with structlog.contextvars.bound_contextvars(request_id=request):
        assert request in written()


def test_address_is_logged_as_its_network(written):
    line = written(ip="203.0.113.77")

    assert "203.0.113.77" not in line
    assert "203.0.113.0/24" in line
    assert "2001:db8:7::/48" in written(ip="2001:db8:7:1::5")


@pytest.mark.proves("S27")
@pytest.mark.parametrize("given", [{"event": FORGED}, {"path": FORGED}, {"request": FORGED}])
def test_one_event_is_one_line(written, given):
    line = written(**given)

    assert len(line.splitlines()) == 1
    for character in "\x1b\u202e\u2028\x00\r":
        assert character not in line


def test_library_records_are_scrubbed(written):
    def as_a_library(logger):
        logger.warning("%s from %s: %s", FORGED, f"{CANARY}@example.org", f"/?token={TOKEN}")

    line = written(call=as_a_library)

    assert CANARY not in line
    assert TOKEN not in line
    assert "\x1b" not in line
    assert len(line.splitlines()) == 1


def test_exception_is_logged_by_type_and_place(written):
    def fail(secret):
        raise ValueError(secret)

    def as_a_library(logger):
        try:
            fail(CANARY)
        except ValueError:
            logger.exception("went wrong")

    line = written(call=as_a_library)

    assert "ValueError" in line
    assert "in fail" in line
    assert CANARY not in line


def test_messages_of_system_errors_are_logged(written):
    line = written(exc_info=OSError(111, "Connection refused"))

    assert "Connection refused" in line


@pytest.mark.parametrize("log_format", ["json"], indirect=True)
def test_log_format_json_writes_json(written):
    line = json.loads(written(count=7))

    assert line["event"] == "something_happened"
    assert line["count"] == 7
    assert line["level"] == "warning"
    assert line["timestamp"].endswith("Z")


def test_only_terminals_hide_tasks_that_expired_in_the_queue(written, log_format):
    line = written(event="task_revoked", expired=True)

    assert (line is None) == (log_format == "console")


def test_task_that_was_ended_is_logged(written):
    assert "task_revoked" in written(event="task_revoked", expired=False, terminated=True)


def test_expired_task_is_logged_once():
    config = lines.configure(log_format="json", level="INFO")

    assert config["loggers"]["celery.worker.request"]["level"] == "WARNING"


def test_loggers_that_quote_input_are_silenced():
    config = lines.configure(log_format="json", level="DEBUG")

    assert config["root"]["level"] == "INFO"
    assert config["loggers"]["uvicorn.access"]["level"] == "CRITICAL"
    assert config["loggers"]["django.db.backends"]["level"] == "WARNING"
