"""Exceptions that are meant for a task, not for what it happens to be doing.

A queue raises its soft time limit in the middle of whatever runs, as an ordinary Exception. Who
catches everything, because the code it calls may fail in any way, lets these by.
"""

_kinds: tuple[type[BaseException], ...] = ()


def let_by(*kinds: type[BaseException]) -> None:
    """From now on these pass through whoever asks `is_one`."""
    global _kinds  # noqa: PLW0603  (known once the tasks are loaded, to the whole process)
    _kinds = (*_kinds, *(kind for kind in kinds if kind not in _kinds))


def is_one(error: BaseException) -> bool:
    return isinstance(error, _kinds)
