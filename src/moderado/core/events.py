"""Domain events: published inside a transaction, delivered once it has committed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has happened: named in the past tense, with frozen values, never models."""


Handler = Callable[[Any], None]
Routes = Mapping[type[Event], Sequence[Handler]]

_inside: dict[type[Event], tuple[Handler, ...]] = {}
_after_commit: dict[type[Event], tuple[Handler, ...]] = {}


def connect(after_commit: Routes, *, inside: Routes | None = None) -> None:
    """Replace the routing tables. Called once, by `moderado.wiring`.

    `inside` handlers run at once, in the publisher's transaction: for what must not be lost and
    lives in the same database. `after_commit` handlers are hints to other processes.
    """
    for routes, table in ((_inside, inside or {}), (_after_commit, after_commit)):
        routes.clear()
        routes.update({event: tuple(handlers) for event, handlers in table.items()})


def publish(event: Event) -> None:
    """Deliver `event`: to `inside` handlers now, to the others once the transaction has committed.

    What an `inside` handler raises fails the transaction. An `after_commit` handler that fails is
    logged and does not keep the event from the others: what it must not lose is found again by
    the sweep or by the hub's periodic check.
    """
    for handler in _inside.get(type(event), ()):
        handler(event)
    for handler in _after_commit.get(type(event), ()):
        transaction.on_commit(_delivery(handler, event), robust=True)


def _delivery(handler: Handler, event: Event) -> Callable[[], None]:
    # Not functools.partial: Django logs the hook's __qualname__, which a partial lacks.
    def deliver() -> None:
        handler(event)

    return deliver
