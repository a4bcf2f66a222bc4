"""Exceptions that interrupt a task and must not be mistaken for a failure of the code it calls.

Celery raises its soft time limit at any statement, as an ordinary Exception. Code that catches
every exception of a provider re-raises these.
"""

_kinds: tuple[type[BaseException], ...] = ()


def register(*kinds: type[BaseException]) -> None:
    """Register exception types for which `is_interrupt` returns True."""
    global _kinds  # noqa: PLW0603  (known once the tasks are loaded, to the whole process)
    _kinds = (*_kinds, *(kind for kind in kinds if kind not in _kinds))


def is_interrupt(error: BaseException) -> bool:
    return isinstance(error, _kinds)
