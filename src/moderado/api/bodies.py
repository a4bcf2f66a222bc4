"""Response bodies of msgspec types, nested ones included."""

from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings


def body_of(view: msgspec.Struct) -> dict[str, Any]:
    """Return the JSON body of `view`: times in UTC, always with microseconds."""
    body: dict[str, Any] = _written(msgspec.to_builtins(view, builtin_types=(datetime,)))
    return body


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        time_format: Any = settings.REST_FRAMEWORK["DATETIME_FORMAT"]
        return value.strftime(time_format)
    if isinstance(value, dict):
        return {name: _written(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_written(each) for each in value]
    return value
