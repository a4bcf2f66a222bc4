"""Structured logging: one JSON line for each event, without user text or personal data.

The lines of Django, DRF, Celery, gunicorn, uvicorn and the product pass the same processors.
Numbers, booleans and ids pass. Strings pass only under the names listed here, and only if they
look like codes: an unknown field is redacted by default.
"""

import logging
import re
import sys
import traceback
import unicodedata
from collections import deque
from collections.abc import Iterator
from datetime import date, timedelta
from enum import Enum
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any, Literal
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor

REDACTED = "[hidden]"

# Names whose values are codes: identifiers chosen by programmers, without spaces.
CODES = frozenset({
    "action", "app", "child_task_id", "child_task_name", "code", "command", "decided_by",
    "entry_point", "error", "failpoint", "frame", "host", "kind", "level", "limit", "logger",
    "method", "mode", "model", "notice", "on_error", "outcome", "policy", "process", "provider",
    "reason", "routing_key", "service", "setting", "signal", "signame", "state", "status", "step",
    "task", "task_id", "task_name", "timestamp", "type", "version", "wakeup", "what",
})  # fmt: skip
# Names whose values are sentences of the product or a library, which may quote input: scrubbed.
LINES = frozenset({"event", "request", "path"})
ADDRESSES = frozenset({"ip", "address", "client", "remote_addr"})

_CODE = re.compile(r"[\w.:/\-]{1,128}", re.ASCII)
_SECRETS = re.compile(
    r"""\?[^\s"']+                          # a query string
      | [\w.+\-]+@[\w\-]+(?:\.[\w\-]+)*      # an e-mail address, or the account of a URL
      | eyJ[\w\-]{5,}[\w.\-]*                # a JSON web token
      | \b(?i:bearer|basic)\s+\S+            # a credential
      | \b(?![a-z_]+\b)[A-Za-z0-9_\-]{32,}  # a key, ticket or digest
    """,
    re.VERBOSE,
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"[0-9a-f]{32}")
_SAFE_TYPES = (type(None), bool, int, float, UUID, date, timedelta)
_MAX_LENGTH = 300  # characters of a string
_MAX_CAUSES = 5  # exceptions of a chain
_MAX_FRAMES = 30  # innermost frames of each exception

# Exceptions about the machine. Messages of other exceptions may quote user input.
_SAFE_MESSAGES = frozenset({
    "AttributeError", "ConnectionError", "ImportError", "ImproperlyConfigured", "OSError",
    "OperationalError", "RecursionError", "TimeoutError",
})  # fmt: skip

# Levels that LOG_LEVEL=DEBUG does not lower: below them, these loggers quote frames, statements or
# headers, log addresses or query strings, or repeat what the product logs.
_LIBRARY_LEVELS = {
    "asyncio": "WARNING",
    "celery.app.trace": "CRITICAL",  # task_failed logs it without the arguments
    "celery.apps.worker": "WARNING",  # its name looks like an e-mail address; worker_ready follows
    "celery.beat": "WARNING",  # else a line every two seconds
    "celery.worker.request": "WARNING",  # task_revoked says the same of an expired task
    "celery.worker.strategy": "WARNING",
    "django.channels.server": "WARNING",
    "django.db.backends": "WARNING",
    "django.request": "CRITICAL",  # request_finished and request_failed log it
    "django.security": "CRITICAL",  # request_refused logs it; Django quotes hosts and origins
    "django.server": "WARNING",
    "gunicorn.access": "CRITICAL",
    "httpcore": "WARNING",
    "httpcore2": "WARNING",
    "httpx": "WARNING",
    "httpx2": "WARNING",
    "uvicorn.access": "CRITICAL",
    "uvicorn.error": "WARNING",
}


def configure(
    *, log_format: Literal["json", "console"], level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
) -> dict[str, Any]:
    """Configure structlog, and return Django's LOGGING, which formats all other loggers alike."""
    logging.captureWarnings(capture=True)  # warnings become log lines as well
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    others = "INFO" if level == "DEBUG" else level
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": _formatter(shared, log_format)},
        "filters": {"for_people": {"()": _WithoutExpiredTasks}},
        "handlers": {"line": _handler(log_format)},
        "root": {"handlers": ["line"], "level": others},
        "loggers": {
            "moderado": {"level": level},
            # Django, uvicorn and gunicorn install their own handlers.
            **{name: _propagating(others) for name in ("django", "uvicorn", "gunicorn.error")},
            **{name: _propagating(quiet) for name, quiet in _LIBRARY_LEVELS.items()},
        },
    }


class _WithoutExpiredTasks(logging.Filter):
    """Drops the lines of tasks that expired in the queue; beat enqueues them again.

    On a slow machine there are several a second. They would bury the lines that people look for,
    such as the address that `make up` prints.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        event: object = record.msg
        if not isinstance(event, dict):  # the text of a library
            return True
        return not (event.get("event") == "task_revoked" and event.get("expired"))


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace every value that could be user text, a secret or an address."""
    return {key: _redacted(key, value) for key, value in event.items()}


def describe_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Log the types and code lines of an exception: no values, no quoted input."""
    found = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if found is True:
        found = sys.exc_info()[1]
    elif isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["exception"] = tuple(_chain(found))
    return event


def escape_controls(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Escape characters that move the cursor, break the line or change the text direction."""
    return {
        key: "\n".join(map(_escaped, value)) if isinstance(value, tuple) else _escaped(value)
        for key, value in event.items()
    }


def _handler(log_format: str) -> dict[str, Any]:
    return {
        "class": "logging.StreamHandler",
        "formatter": "line",
        "filters": ["for_people"] if log_format == "console" else [],
    }


def _formatter(shared: list[Processor], log_format: str) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            describe_exception,
            redact,
            *_renderers(log_format),
        ],
        "foreign_pre_chain": shared,
    }


def _propagating(level: str) -> dict[str, Any]:
    return {"level": level, "handlers": [], "propagate": True}


def _renderers(log_format: str) -> list[Processor]:
    if log_format == "json":
        # ASCII output escapes all control and direction characters.
        return [structlog.processors.JSONRenderer(default=str)]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=32
    )
    return [escape_controls, plain]


def _redacted(key: str, value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, _SAFE_TYPES) or (key == "exception" and isinstance(value, tuple)):
        return value
    return _redacted_text(key, value) if isinstance(value, str) else REDACTED


def _redacted_text(key: str, text: str) -> str:
    if key in LINES:
        return _scrubbed(text)
    if key in ADDRESSES:
        return _network(text)
    is_id = _UUID.fullmatch(text) or (key.endswith("_id") and _DIGEST.fullmatch(text))
    is_code = key in CODES and _CODE.fullmatch(text) and not _SECRETS.search(text)
    return text if is_id or is_code else REDACTED


def _scrubbed(line: str) -> str:
    def masked(found: re.Match[str]) -> str:
        return found.group() if _UUID.fullmatch(found.group()) else REDACTED

    return _SECRETS.sub(masked, line[:_MAX_LENGTH])


def _network(address: str) -> str:
    """Return the network of an address: enough to recognize a flood, not to identify a person."""
    try:
        prefix = 24 if isinstance(ip_address(address), IPv4Address) else 48
        return str(ip_network(f"{address}/{prefix}", strict=False))
    except ValueError:
        return REDACTED


def _chain(error: BaseException) -> Iterator[str]:
    """Yield the exception and its causes, outermost first, each followed by its code lines."""
    current: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if current is None:
            return
        yield _named(current)
        for frame, line in deque(traceback.walk_tb(current.__traceback__), maxlen=_MAX_FRAMES):
            place = re.sub(r"^.*/(?:site-packages|src)/", "", frame.f_code.co_filename)
            yield f"  {place}:{line} in {frame.f_code.co_name}"
        current = current.__cause__ or current.__context__


def _named(error: BaseException) -> str:
    kind = type(error)
    if not _SAFE_MESSAGES.intersection(ancestor.__name__ for ancestor in kind.__mro__):
        return kind.__qualname__
    first, _, _ = str(error).partition("\n")
    return f"{kind.__qualname__}: {_scrubbed(first)}"


def _escaped(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
        else character
        for character in value
    )
