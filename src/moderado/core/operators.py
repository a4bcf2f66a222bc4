"""Who acts at the command line: the user of the operating system (ADR 0131).

Commands have no account of the product. The audit names this user instead of an account.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

LOGIN_ID = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1  # of a process that no login has started, as a service

_operator: ContextVar[str | None] = ContextVar("operator", default=None)


def current_operator() -> str | None:
    """Return who runs the command in which this is called, as `cli:ana`; None outside commands."""
    return _operator.get()


class OperatorCommand(BaseCommand):
    """A command of the product: the audit lines of what it does name the user who runs it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command in the name of the user of the operating system."""
        with _acting(f"cli:{_user_name()}"):
            return super().execute(*args, **options)


@contextmanager
def _acting(operator: str) -> Iterator[None]:
    token = _operator.set(operator)
    try:
        yield
    finally:
        _operator.reset(token)


def _user_name() -> str:
    """Return the name of the user who logged in, or else of the one of the process; or a number.

    Linux keeps who logged in through `sudo` and `su`, whatever the environment says.
    """
    user_id = _logged_in()
    if user_id is None:
        user_id = os.getuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:  # as in a container that runs as a bare number
        return str(user_id)


def _logged_in() -> int | None:
    try:
        user_id = int(LOGIN_ID.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not Linux, or without the audit of the kernel
        return None
    return None if user_id == _UNSET else user_id
