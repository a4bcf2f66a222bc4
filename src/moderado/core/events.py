"""Domain events: published inside a transaction, delivered after its commit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: named in the past tense, with frozen values, never models."""


Handler = Callable[[Any], None]
Routes = Mapping[type[Event], Sequence[Handler]]

_inside: dict[type[Event], tuple[Handler, ...]] = {}
_after_commit: dict[type[Event], tuple[Handler, ...]] = {}


def connect(after_commit: Routes, *, inside: Routes | None = None) -> None:
    """Replace the routing tables. Called once, by `moderado.wiring`.

    Args:
        after_commit: Handlers that notify other processes; at most once, after the commit.
        inside: Handlers that run at once in the publisher's transaction, for effects in the same
            database that must not be lost.
    """
    for routes, table in ((_inside, inside or {}), (_after_commit, after_commit)):
        routes.clear()
        routes.update({event: tuple(handlers) for event, handlers in table.items()})


def publish(event: Event) -> None:
    """Deliver `event` to `inside` handlers now, and to the others after the commit.

    An error in an `inside` handler fails the transaction. An error in an `after_commit` handler is
    logged and does not stop the other handlers: the sweep and the reconciler find what it missed.
    """
    for handler in _inside.get(type(event), ()):
        handler(event)
    for handler in _after_commit.get(type(event), ()):
        transaction.on_commit(_delivery(handler, event), robust=True)


def _delivery(handler: Handler, event: Event) -> Callable[[], None]:
    # No functools.partial: Django logs the hook's __qualname__, which a partial lacks.
    def deliver() -> None:
        handler(event)

    return deliver
