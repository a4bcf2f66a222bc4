"""Structured logging: one JSON line for each event, without user text or personal data.

The lines of Django, DRF, Celery, gunicorn, uvicorn and the product pass the same processors.
Numbers, booleans and ids pass. Strings pass only under the names listed here, and only if they
look like codes. A careless log call therefore hides too much, never too little.
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

HIDDEN = "[hidden]"

# Names whose values are codes: identifiers chosen by programmers, without spaces.
CODES = frozenset({
    "action", "app", "child_task_id", "child_task_name", "code", "command", "decided_by",
    "error", "failpoint", "frame", "host", "kind", "level", "limit", "logger", "method", "mode",
    "model", "notice", "on_error", "outcome", "process", "provider", "reason", "routing_key",
    "service", "setting", "signal", "signame", "state", "status", "step", "task", "task_id",
    "task_name", "timestamp", "type", "version", "wakeup", "what",
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
_HARMLESS = (type(None), bool, int, float, UUID, date, timedelta)
_LONGEST = 300  # characters of a string
_DEEPEST = 5  # exceptions of a chain
_LONGEST_TRACE = 30  # innermost frames of each exception

# Exceptions about the machine. Messages of other exceptions may quote user input.
_OUTSPOKEN = frozenset({
    "AttributeError", "ConnectionError", "ImportError", "ImproperlyConfigured", "OSError",
    "OperationalError", "RecursionError", "TimeoutError",
})  # fmt: skip

# Libraries whose records below INFO quote frames, statements and headers are never lowered
# further. Some also log addresses, query strings or what the product logs already.
_QUIET = {
    "asyncio": "WARNING",
    "celery.app.trace": "CRITICAL",  # task_failed logs it without the arguments
    "celery.beat": "WARNING",  # else a line every two seconds
    "celery.worker.strategy": "WARNING",
    "django.channels.server": "WARNING",
    "django.db.backends": "WARNING",
    "django.request": "CRITICAL",  # request_finished and request_failed log it
    "django.server": "WARNING",
    "gunicorn.access": "CRITICAL",
    "httpcore": "WARNING",
    "httpx": "WARNING",
    "uvicorn.access": "CRITICAL",
    "uvicorn.error": "WARNING",
}


def configure(
    *, log_format: Literal["json", "console"], level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
) -> dict[str, Any]:
    """Configure structlog, and return Django's LOGGING, which formats all other loggers alike."""
    logging.captureWarnings(capture=True)  # warnings become log lines as well
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
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
        "formatters": {"line": _formatter(before, log_format)},
        "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["line"], "level": others},
        "loggers": {
            "moderado": {"level": level},
            # Django, uvicorn and gunicorn install their own handlers.
            **{name: _plain(others) for name in ("django", "uvicorn", "gunicorn.error")},
            **{name: _plain(quiet) for name, quiet in _QUIET.items()},
        },
    }


def hide(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace every value that could be user text, a secret or an address."""
    return {key: _shown(key, value) for key, value in event.items()}


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
        key: "\n".join(map(_visible, value)) if isinstance(value, tuple) else _visible(value)
        for key, value in event.items()
    }


def _formatter(before: list[Processor], log_format: str) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            describe_exception,
            hide,
            *_renderers(log_format),
        ],
        "foreign_pre_chain": before,
    }


def _plain(level: str) -> dict[str, Any]:
    return {"level": level, "handlers": [], "propagate": True}


def _renderers(log_format: str) -> list[Processor]:
    if log_format == "json":
        # ASCII output escapes all control and direction characters.
        return [structlog.processors.JSONRenderer(default=str)]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=32
    )
    return [escape_controls, plain]


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, _HARMLESS) or (key == "exception" and isinstance(value, tuple)):
        return value
    return _worded(key, value) if isinstance(value, str) else HIDDEN


def _worded(key: str, words: str) -> str:
    if key in LINES:
        return _scrubbed(words)
    if key in ADDRESSES:
        return _network(words)
    is_id = _UUID.fullmatch(words) or (key.endswith("_id") and _DIGEST.fullmatch(words))
    is_code = key in CODES and _CODE.fullmatch(words) and not _SECRETS.search(words)
    return words if is_id or is_code else HIDDEN


def _scrubbed(line: str) -> str:
    def masked(found: re.Match[str]) -> str:
        return found.group() if _UUID.fullmatch(found.group()) else HIDDEN

    return _SECRETS.sub(masked, line[:_LONGEST])


def _network(address: str) -> str:
    """Return the network of an address: enough to recognize a flood, not to identify a person."""
    try:
        prefix = 24 if isinstance(ip_address(address), IPv4Address) else 48
        return str(ip_network(f"{address}/{prefix}", strict=False))
    except ValueError:
        return HIDDEN


def _chain(error: BaseException) -> Iterator[str]:
    """Yield the exception and its causes, outermost first, each followed by its code lines."""
    current: BaseException | None = error
    for _ in range(_DEEPEST):
        if current is None:
            return
        yield _named(current)
        for frame, line in deque(traceback.walk_tb(current.__traceback__), maxlen=_LONGEST_TRACE):
            place = re.sub(r"^.*/(?:site-packages|src)/", "", frame.f_code.co_filename)
            yield f"  {place}:{line} in {frame.f_code.co_name}"
        current = current.__cause__ or current.__context__


def _named(error: BaseException) -> str:
    kind = type(error)
    if not _OUTSPOKEN.intersection(ancestor.__name__ for ancestor in kind.__mro__):
        return kind.__qualname__
    first, _, _ = str(error).partition("\n")
    return f"{kind.__qualname__}: {_scrubbed(first)}"


def _visible(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
        else character
        for character in value
    )
