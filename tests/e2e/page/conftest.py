"""The chat page in real browsers, with the real web and worker processes."""

from collections.abc import AsyncIterator, Iterator
from subprocess import Popen
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from moderado.accounts.models import User
from moderado.config.settings import base
from tests import processes
from tests.browser import PASSWORD, Visitor, chromium, open_browser, visit


@pytest.fixture(scope="module")
def url(
    django_db_setup: None, moderado_worker: "Popen[bytes]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """All visitors share one address; static files come directly from the source tree."""
    chromium()
    home = tmp_path_factory.mktemp("web")
    extra = {
        "LIMIT_SIGN_IN_PER_ADDRESS": "1000/minute",
        "MEMBER_ROOM_MODES": "pre,optimistic,post,off",
        "STATIC_ROOT": str(home / "nothing-collected"),
    }
    with processes.web(home / "log", extra) as url:
        yield url


@pytest.fixture
def root(settings: Any) -> str:
    """Return the e-mail of a superuser, whose password the web process accepts."""
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS  # tests have a faster one of their own
    return User.objects.create_superuser("root@example.com", PASSWORD, name="Root").email


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for the module; each visitor has a context of their own."""
    async with open_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def ana(browser: Browser, url: str) -> AsyncIterator[Visitor]:
    async with visit(browser, url, "Ana") as ana:
        await ana.create_room("Café")
        yield ana


@pytest_asyncio.fixture(loop_scope="module")
async def bia(browser: Browser, url: str, ana: Visitor) -> AsyncIterator[Visitor]:
    async with visit(browser, url, "Bia", locale="en-US") as bia:
        await bia.join("Café")
        yield bia
