"""Checks that every process runs before it takes work."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, run_checks
from django.db import connections

from moderado.config.env import Misconfigured
from moderado.config.secret_key import PUBLISHED


def verify() -> None:
    """Raise Misconfigured, with one line for each failed system check."""
    # Tools that do not serve run the registered checks too, with a published key.
    messages = [*_check_secret_key(), *run_checks(databases=list(connections))]
    found = [message for message in messages if message.is_serious()]
    wrong = [message for message in found if not message.is_silenced()]
    if wrong:
        lines = [f"  {message.msg} {message.hint or ''}".rstrip() for message in wrong]
        raise Misconfigured("\n".join(["This cannot be started:", *lines]))


def _check_secret_key() -> list[CheckMessage]:
    """Every reader of this repository knows its keys, and could forge sessions with them."""
    if settings.DEBUG or settings.SECRET_KEY not in PUBLISHED:
        return []  # with DEBUG, `check_debug` refuses hosts that others reach
    return [
        Error("SECRET_KEY is published.", hint="Use `openssl rand -hex 32`.", id="moderado.E006")
    ]
