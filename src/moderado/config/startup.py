"""Checks that every process runs before it takes work."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks.registry import registry
from django.db import connections

from moderado.config.env import Misconfigured
from moderado.config.secret_key import PUBLISHED

# These checks load all pages, which take 10 MB.
_CHECKS_OF_PAGES = {Tags.urls, Tags.templates}


def verify(*, serves_pages: bool = True) -> None:
    """Run the system checks.

    Args:
        serves_pages: False leaves out the checks of URLs and templates, and loads no page.

    Raises:
        Misconfigured: It has one line for each check that failed.
    """
    # Tools that do not serve run the registered checks too, with a published key.
    messages = [*_check_secret_key(), *_run_checks(set() if serves_pages else _CHECKS_OF_PAGES)]
    found = [message for message in messages if message.is_serious()]
    wrong = [message for message in found if not message.is_silenced()]
    if wrong:
        lines = [f"  {message.msg} {message.hint or ''}".rstrip() for message in wrong]
        raise Misconfigured("\n".join(["This cannot be started:", *lines]))


def _run_checks(without: set[str]) -> Iterator[CheckMessage]:
    for check in registry.get_checks():
        if without.isdisjoint(check.tags):
            yield from check(app_configs=None, databases=list(connections))


def _check_secret_key() -> list[CheckMessage]:
    """Every reader of this repository knows its keys, and could forge sessions with them."""
    if settings.DEBUG or settings.SECRET_KEY not in PUBLISHED:
        return []  # with DEBUG, `check_debug` refuses hosts that others reach
    return [
        Error("SECRET_KEY is published.", hint="Use `openssl rand -hex 32`.", id="moderado.E006")
    ]
