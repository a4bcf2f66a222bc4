"""Response bodies of msgspec types, nested ones included."""

from typing import Any

import msgspec


def body_of(view: msgspec.Struct) -> dict[str, Any]:
    """Return the JSON body of `view`, as frames contain it."""
    body: dict[str, Any] = msgspec.to_builtins(view)
    return body
