"""Checks that every process runs before it takes work."""

from django.core.checks import run_checks
from django.db import connections

from moderado.config.env import Misconfigured


def verify() -> None:
    """Raise Misconfigured, with one line for each failed system check."""
    found = [message for message in run_checks(databases=list(connections)) if message.is_serious()]
    wrong = [message for message in found if not message.is_silenced()]
    if wrong:
        lines = [f"  {message.msg} {message.hint or ''}".rstrip() for message in wrong]
        raise Misconfigured("\n".join(["This cannot be started:", *lines]))
