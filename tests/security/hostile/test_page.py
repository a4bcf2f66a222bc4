"""The page shows sixty attacks as text: as messages, as a user name and as a room name."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from moderado.chat.models import Message, Room
from moderado.chat.services import posting, rooms
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests import factories, processes
from tests.browser import BROWSER_TESTS, chromium, open_browser, visit
from tests.security.hostile.strings import MARKUP

pytestmark = BROWSER_TESTS

# The longest text, and marks that change the text direction.
ZALGO, TURNED = "a" + "\u0301" * 3_900, "\u202e\u202e\u2067desrever"
INERT = {"A", "BR", "EM", "MARK", "SPAN"}  # elements that the page itself creates in a text


@pytest.fixture(scope="module")
def url(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    chromium()
    home = tmp_path_factory.mktemp("web")
    extra = {"STATIC_ROOT": str(home / "nothing-collected")}
    with processes.web(home / "log", extra) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


def attack() -> Room:
    """Create a public room without moderation that contains all attacks."""
    mallory = factories.make_user(name=MARKUP[2])
    room = rooms.create_room(creator_id=mallory.id, name=MARKUP[0], moderation_mode=Room.Mode.OFF)
    Room.objects.filter(pk=room.id).update(name=MARKUP[0])  # as if it were approved
    said = [
        posting.post_message(author_id=mallory.id, room_id=room.id, text=text).view.id
        for text in [*MARKUP, "the last of them"]
    ]
    posting.post_message(author_id=mallory.id, room_id=room.id, text="an answer", reply_to=said[2])
    return room


@pytest.mark.proves("S24")
async def test_page_shows_hostile_text_as_plain_text(browser: Browser, url: str):
    room = await run_in_db_thread(attack)()
    async with visit(browser, url, "Ana") as ana:
        await ana.join(MARKUP[0])
        await expect(ana.message("an answer")).to_be_visible()
        page = ana.page
        shown = page.locator(".message .text")
        while await shown.count() < len(MARKUP) + 2:
            before = await shown.count()
            await shown.first.scroll_into_view_if_needed()
            await page.wait_for_function(
                "(n) => document.querySelectorAll('.message .text').length > n", arg=before
            )
        texts = await shown.all_text_contents()
        tags = await page.evaluate(
            "[...document.querySelectorAll('.text *')].map((one) => one.tagName)"
        )
        links = await page.evaluate("[...document.links].map((link) => link.protocol)")
        harmed = await page.evaluate("window.harmed")

    assert harmed is None
    assert {" ".join(text.split()) for text in texts} >= {" ".join(x.split()) for x in MARKUP}
    assert set(tags) <= INERT
    assert set(links) <= {"http:", "https:"}
    assert await Message.objects.filter(room=room).acount() == len(MARKUP) + 2


def disturb() -> Room:
    """Create a room whose texts try to overlap others and reverse their direction."""
    mallory = factories.make_user(name=TURNED)
    room = rooms.create_room(creator_id=mallory.id, name="Sala", moderation_mode=Room.Mode.OFF)
    Room.objects.filter(pk=room.id).update(name="Sala")  # as if it were approved
    for text in (ZALGO, TURNED, "the last of them"):
        posting.post_message(author_id=mallory.id, room_id=room.id, text=text)
    return room


@pytest.mark.proves("S31")
async def test_user_text_stays_isolated_from_its_surroundings(browser: Browser, url: str):
    await run_in_db_thread(disturb)()
    async with visit(browser, url, "Ana") as ana:
        await ana.join("Sala")
        await expect(ana.message("the last of them")).to_be_visible()
        looks = await ana.page.evaluate(LOOKS)

    assert {one["what"] for one in looks} >= {"P", "STRONG", "H1"}
    assert {one["bidi"] for one in looks} <= {"isolate", "plaintext", "isolate-override"}
    assert {one["overflow"] for one in looks} <= {"clip", "hidden"}


LOOKS = """[...document.querySelectorAll(".message .text, .by strong, .room-name, h1[dir]")].map(
  (one) => {
    const { unicodeBidi, overflowY } = getComputedStyle(one);
    return { what: one.tagName, bidi: unicodeBidi, overflow: overflowY };
  }
)"""
