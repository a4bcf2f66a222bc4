"""Domain events: published inside a transaction, delivered once it has committed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened: named in the past tense, carrying frozen values, never models."""


Handler = Callable[[Any], None]

_handlers: dict[type[Event], tuple[Handler, ...]] = {}


def connect(table: Mapping[type[Event], Sequence[Handler]]) -> None:
    """Replace the routing table. Called once, by `moderado.wiring`."""
    _handlers.clear()
    _handlers.update({event: tuple(handlers) for event, handlers in table.items()})


def publish(event: Event) -> None:
    """Deliver `event` after commit, or to nobody if the transaction fails.

    A handler that fails is logged, and does not keep the event from the others. A handler is a
    hint: what it must not lose is found again by the sweep or by the hub's periodic check.
    """
    for handler in _handlers.get(type(event), ()):
        transaction.on_commit(_delivery(handler, event), robust=True)


def _delivery(handler: Handler, event: Event) -> Callable[[], None]:
    # Not functools.partial: Django logs the hook's __qualname__, which a partial lacks.
    def deliver() -> None:
        handler(event)

    return deliver
