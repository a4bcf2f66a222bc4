"""Users of the page, each in their own browser context. They see only what the page shows.

`MODERADO_CHROMIUM` names the browser; otherwise a Chromium from PATH is used.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

from tests.tools import program

TIMEOUT = 30_000  # milliseconds until a missing reaction is a failure
PASSWORD = "correct horse 9 battery"  # of accounts that exist for one test
# fmt: off
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
]
# fmt: on
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The browser of a module runs in one event loop, and so do the tests that use it.
BROWSER_TESTS = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.asyncio(loop_scope="module"),
]

# Run in the page: its store, and a new connection now.
STORE = "import('/static/moderado/app/store.js')"
RECONNECT = f"({STORE}).then(({{ client }}) => client.reconnect())"

expect.set_options(timeout=TIMEOUT)


def chromium() -> str:
    """Return the path of a Chromium. Without one, skip the test, or fail it in CI."""
    return os.environ.get("MODERADO_CHROMIUM") or program(
        *NAMES,
        advice="install it (`apt-get install chromium`, or `playwright install chromium` and its "
        "path in MODERADO_CHROMIUM)",
    )


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


class Visitor:
    """One user in one browser context. `complaints` collects the errors of the browser."""

    def __init__(self, page: Page, url: str, name: str) -> None:
        self.page = page
        self.url = url
        self.name = name
        self.email = f"{name.lower()}-{uuid4().hex}@example.com"
        self.complaints: list[str] = []
        self._expected: list[str] = []
        self.heard: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("websocket", lambda socket: socket.on("framereceived", self._received))

    def _console(self, message: ConsoleMessage) -> None:
        # A network interface that appeared or vanished is no fault of the page.
        known = ("ERR_NETWORK_CHANGED", *self._expected)
        is_bad = message.type in {"error", "warning"}
        if is_bad and not any(part in message.text for part in known):
            self.complaints.append(message.text)

    def expect_errors(self, *parts: str) -> None:
        """Drop the errors that the test caused: the browser may report them later, too."""
        self._expected += parts
        self.complaints = [
            text for text in self.complaints if not any(part in text for part in parts)
        ]

    def _received(self, frame: str | bytes) -> None:
        self.heard.append(frame if isinstance(frame, str) else frame.decode())

    async def register(self) -> None:
        await self.page.goto(f"{self.url}/register/")
        await self.page.fill("[name=name]", self.name)
        await self.page.fill("[name=email]", self.email)
        await self.page.fill("[name=password]", PASSWORD)
        await self.page.click("form .primary")
        shown = expect(self.page.locator(".rooms"), f"{self.complaints}")
        await shown.to_be_visible()

    async def create_room(self, name: str, **choices: Any) -> None:
        await self.page.click(".rooms-head .icon-button")
        await self.page.fill("#room-name", name)
        if mode := choices.get("mode"):
            await self.page.check(f"[name=mode][value={mode}]")
        if audience := choices.get("audience"):
            await self.page.check(f"[name=audience][value={audience}]")
        if choices.get("is_private"):
            await self.page.check("[name=is_private]")
        await self.page.click(".dialog .primary")
        await expect(self.page.locator(".head-name h1")).to_have_text(name)
        await self.is_online()

    async def join(self, name: str) -> None:
        await self.page.fill(".find-rooms input", name)
        row = self.page.locator(".rooms-list li", has_text=name)
        await row.get_by_role("button").click()
        await expect(row.get_by_role("button")).to_have_count(0)  # now among the user's own rooms
        await row.get_by_role("link").click()
        await expect(self.page.locator(".head-name h1")).to_have_text(name)
        await self.is_online()

    async def is_online(self) -> None:
        await expect(self.page.locator(".there")).to_be_visible()

    async def say(self, text: str) -> None:
        await self.page.fill("#compose", text)
        await self.page.press("#compose", "Enter")

    async def edit_by_keyboard(self, message: Locator, text: str) -> None:
        """Write another text for one of the visitor's messages."""
        written = await message.locator(".text").inner_text()
        await message.focus()
        await self.page.keyboard.press("e")
        await expect(self.page.locator("#compose")).to_have_value(written)
        await self.say(text)

    async def confirm(self) -> None:
        """Answer the question that the page asks."""
        await self.page.click(".dialog .primary")

    def message(self, text: str) -> Locator:
        return self.page.locator(".message", has_text=text)

    async def sees(self, text: str, status: str) -> Locator:
        message = self.message(text)
        await expect(message).to_have_attribute("data-status", status)
        return message


@asynccontextmanager
async def visit(browser: Browser, url: str, name: str, **options: Any) -> AsyncIterator[Visitor]:
    """Register a new user and open the chat; fail at the end if the browser reported errors."""
    options = {"locale": "pt-BR", "viewport": {"width": 1280, "height": 800}} | options
    context = await browser.new_context(**options)
    try:
        visitor = Visitor(await context.new_page(), url, name)
        await visitor.register()
        yield visitor
        assert not visitor.complaints, visitor.complaints
    finally:
        await context.close()
