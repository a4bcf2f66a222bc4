"""Rooms, panels, keyboard, phones, languages and tabs of the page."""

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import Browser, Page, expect

from tests.browser import BROWSER_TESTS, Visitor, visit
from tests.factories import make_room

pytestmark = [*BROWSER_TESTS, pytest.mark.long]


async def test_page_fits_a_phone_and_works_by_keyboard(browser: Browser, url: str) -> None:
    phone = {"viewport": {"width": 360, "height": 640}, "color_scheme": "dark", "has_touch": True}
    async with visit(browser, url, "Caio", **phone) as caio:
        await caio.create_room("Bolso")
        await expect(caio.page.locator(".rooms")).to_be_hidden()
        await caio.say("Uma linha\nmais " + "comprida" * 30)
        await caio.sees("Uma linha", "APPROVED")
        overflow = "document.documentElement.scrollWidth - window.innerWidth"
        assert await caio.page.evaluate(overflow) <= 0
        await caio.page.get_by_role("button", name="Pessoas").click()
        await expect(caio.page.locator(".panel")).to_be_visible()
        assert await caio.page.evaluate(overflow) <= 0
        await caio.page.keyboard.press("Escape")
        await expect(caio.page.locator(".panel")).to_have_count(0)
        await caio.page.get_by_role("button", name="Voltar às salas").click()
        await expect(caio.page.locator(".rooms")).to_be_visible()
        await expect(caio.page.locator(".conversation")).to_be_hidden()


@pytest.mark.proves("R208")
async def test_mode_of_a_new_room_is_that_of_its_type_until_one_is_chosen(ana: Visitor) -> None:
    await ana.page.evaluate("document.getElementById('app').dataset.privateMode = 'optimistic'")
    await ana.page.click(".rooms-head .icon-button")
    modes = ana.page.locator("[name=mode]")
    values = await modes.evaluate_all("all => all.map((each) => each.value)")
    assert values == ["pre", "optimistic", "post", "off"]
    chosen = ana.page.locator("[name=mode]:checked")
    await expect(chosen).to_have_value("pre")
    await ana.page.check("[name=is_private]")
    await expect(chosen).to_have_value("optimistic")
    await ana.page.check("[name=mode][value=post]")
    await ana.page.uncheck("[name=is_private]")
    await expect(chosen).to_have_value("post")
    await ana.page.keyboard.press("Escape")

    await ana.create_room("Otimista", mode="optimistic")
    await expect(ana.page.locator(".composer")).to_contain_text("na dúvida, após aprovação")
    await ana.say("Bom dia!")
    await ana.sees("Bom dia!", "APPROVED")


async def test_key_pressed_as_panel_opens_reaches_the_panel(ana: Visitor) -> None:
    await ana.create_room("Rápida")
    await ana.page.evaluate(ESCAPE_AT_ONCE)
    for name in ("Pessoas", "Buscar"):
        await ana.page.get_by_role("button", name=name).click()
        await expect(ana.page.locator("html")).to_have_attribute("data-escaped-from", name)
        await expect(ana.page.locator(".panel")).to_have_count(0)


async def test_timeline_is_one_stop_of_the_tab_key(ana: Visitor) -> None:
    for text in ("Primeira https://exemplo.org", "Segunda", "Terceira"):
        await ana.say(text)
        await ana.sees(text, "APPROVED")
    stops = ".timeline :is(a, button, [tabindex]):not([tabindex='-1'])"
    await expect(ana.page.locator(stops)).to_have_count(1)

    await ana.message("Terceira").focus()
    for key in ("ArrowUp", "Home", "ArrowDown", "Home"):
        await ana.page.keyboard.press(key)
    await expect(ana.message("Primeira")).to_be_focused()
    await ana.page.keyboard.press("ArrowRight")
    await expect(ana.message("Primeira").get_by_role("link")).to_be_focused()
    for _ in range(2):
        await ana.page.keyboard.press("ArrowRight")
    await expect(ana.message("Primeira").get_by_role("button", name="Editar")).to_be_focused()
    await ana.page.keyboard.press("Escape")
    await expect(ana.message("Primeira")).to_be_focused()
    await expect(ana.page.locator(stops)).to_have_count(1)
    await expect(ana.message("Primeira")).to_have_attribute("tabindex", "0")


async def test_back_closes_panels_and_dialogs_first(ana: Visitor) -> None:
    await ana.create_room("Segunda")
    room = ana.page.url
    await ana.page.get_by_role("button", name="Pessoas").click()
    await ana.page.get_by_role("button", name="Buscar").click()
    await expect(ana.page.locator("#search")).to_be_visible()
    await ana.page.go_back()
    await expect(ana.page.locator(".panel")).to_have_count(0)
    assert ana.page.url == room

    await ana.page.get_by_role("button", name="Nova sala").click()
    await ana.page.go_back()
    await expect(ana.page.locator(".dialog")).to_have_count(0)
    assert ana.page.url == room
    await ana.page.go_back()
    await expect(ana.page.locator(".head-name h1")).to_have_text("Café")


async def test_lost_network_is_shown_at_once(ana: Visitor) -> None:
    await ana.page.context.set_offline(True)
    await expect(ana.page.locator(".banner")).to_contain_text("Você está sem rede")
    await ana.page.context.set_offline(False)
    await expect(ana.page.locator(".banner")).to_have_count(0)
    ana.expect_errors("INTERNET_DISCONNECTED")


async def test_own_rooms_stay_in_sight_and_public_ones_are_found(
    ana: Visitor, browser: Browser, url: str
) -> None:
    await sync_to_async(fill_server)()
    await ana.page.reload()
    own = ana.page.locator("[aria-labelledby=own-rooms] .room")
    await expect(own).to_have_count(1)
    await expect(own).to_contain_text("Café")
    await ana.page.fill(".find-rooms input", "reuniao")
    public = ana.page.locator("[aria-labelledby=public-rooms] .room")
    await expect(public).to_have_count(1)
    await expect(public).to_contain_text("Reunião de pais")
    await ana.page.fill(".find-rooms input", "multidão")
    await expect(public).to_have_count(20)
    await ana.page.get_by_role("button", name="Mais resultados").click()
    await expect(public).to_have_count(25)
    await ana.page.fill(".find-rooms input", "xyz")
    await expect(ana.page.locator(".rooms-list")).to_contain_text("Nada encontrado.")
    async with visit(browser, url, "Edu") as edu:  # who is in no room sees public ones at once
        await expect(edu.page.locator("[aria-labelledby=public-rooms] .room")).to_have_count(20)


def fill_server() -> None:
    for _ in range(25):
        make_room(name="Multidão")
    make_room(name="Reunião de pais")


async def test_last_administrator_hands_the_room_over(ana: Visitor, bia: Visitor) -> None:
    await ana.page.get_by_role("button", name="Pessoas").click()
    await ana.page.get_by_role("button", name="Sair da sala").click()
    await ana.confirm()
    await expect(ana.page.locator(".dialog")).to_contain_text("última pessoa que administra")
    await ana.page.select_option("#choice", label="Bia")
    await ana.confirm()
    await expect(ana.page.get_by_role("link", name="Café")).to_have_count(0)

    await bia.page.reload()
    await bia.page.get_by_role("button", name="People").click()
    await expect(bia.page.locator(".person")).to_have_count(1)
    await bia.page.get_by_role("button", name="Leave the room").click()
    await expect(bia.page.locator(".dialog")).to_contain_text("the room is closed for everybody")
    await bia.confirm()
    await expect(bia.page.locator(".head-name")).to_have_count(0)


async def test_page_has_one_main_landmark_and_one_heading_of_first_level(
    browser: Browser, url: str
) -> None:
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    async with visit(browser, url, "Fabi", **phone) as fabi:
        await fabi.page.get_by_role("button", name="Nova sala").wait_for()
        await has_one_main_and_heading(fabi.page)
        assert await fabi.page.evaluate(SMALL_TARGETS) == []
        await fabi.create_room("Toque")
        await fabi.say("Um link: https://exemplo.org/caminho")
        await fabi.sees("Um link", "APPROVED")
        await has_one_main_and_heading(fabi.page)
        await fabi.page.get_by_role("button", name="Pessoas").click()
        await expect(fabi.page.locator(".person")).to_have_count(1)
        assert await fabi.page.evaluate(SMALL_TARGETS) == []


async def has_one_main_and_heading(page: Page) -> None:
    await expect(page.get_by_role("main")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)


async def test_unknown_address_shows_the_way_back(browser: Browser, url: str) -> None:
    page = await browser.new_page(locale="pt-BR")
    answer = await page.goto(f"{url}/nada/aqui")
    assert answer
    assert answer.status == 404
    await expect(page.locator("h1")).to_have_text("Esta página não existe")
    await page.get_by_role("link", name="Ir ao chat").click()
    await expect(page.locator("[name=password]")).to_be_visible()
    await page.close()


async def test_links_of_public_pages_are_large_enough_for_a_finger(
    browser: Browser, url: str
) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True)
    page = await context.new_page()
    for path in ("sign-in", "register", "denuncia", "regras"):
        await page.goto(f"{url}/{path}/")
        assert await page.evaluate(SMALL_LINKS) == []
    await context.close()


@pytest.mark.parametrize("width", [390, 1280])
async def test_errors_of_registration_are_lines_at_the_field_that_has_the_focus(
    browser: Browser, url: str, width: int
) -> None:
    context = await browser.new_context(viewport={"width": width, "height": 640}, locale="pt-BR")
    page = await context.new_page()
    await page.goto(f"{url}/register/")
    await page.locator("[name=name]").fill("Duda")
    await page.locator("[name=email]").fill("duda@example.com")
    await page.locator("[name=password]").fill("123456")
    await page.get_by_role("button", name="Criar conta").click()

    await expect(page.locator("[name=password]")).to_be_focused()
    lines = page.locator("#error-password li")
    await expect(lines).to_have_count(4)
    tops = await lines.evaluate_all("lines => lines.map((each) => each.offsetTop)")
    assert sorted(set(tops)) == tops
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await context.close()


# A link in a sentence may be as high as its line.
SMALL_LINKS = """() => [...document.querySelectorAll("a, button")]
  .filter((link) => link.getBoundingClientRect().height < 44)
  .filter((link) => link.parentElement.textContent.trim() === link.textContent.trim())
  .map((link) => link.textContent)"""


async def test_name_and_role_of_an_author_are_whole_on_a_narrow_phone(
    ana: Visitor, bia: Visitor
) -> None:
    await bia.page.set_viewport_size({"width": 320, "height": 640})
    await ana.say("bom dia")
    head = bia.page.locator(".by", has_text="Ana")
    await expect(head.locator(".role-badge")).to_have_text("Administrator")

    assert await head.evaluate(BROKEN_LINES) == []


# What is higher than one line of its letters.
BROKEN_LINES = """(head) => [...head.querySelectorAll("strong, .role-badge")]
  .filter((part) => part.offsetHeight > 2 * parseFloat(getComputedStyle(part).fontSize))
  .map((part) => part.textContent)"""


async def test_page_language_follows_the_reader_and_can_be_changed(
    browser: Browser, url: str
) -> None:
    async with visit(browser, url, "Dora", locale="en-US") as dora:
        await dora.create_room("Two languages")
        await expect(dora.page.locator("html")).to_have_attribute("lang", "en")
        await expect(dora.page.locator(".rooms")).to_contain_text("Your rooms")
        await dora.page.get_by_role("button", name="Português").click()
        await expect(dora.page.locator("html")).to_have_attribute("lang", "pt-br")
        await expect(dora.page.locator(".rooms")).to_contain_text("Suas salas")
        await expect(dora.page.locator(".head-name h1")).to_have_text("Two languages")


ESCAPE_AT_ONCE = """() => {
  new MutationObserver(() => {
    const panel = document.querySelector(".panel");
    if (!panel) return;
    document.documentElement.dataset.escapedFrom = panel.getAttribute("aria-label");
    const pressed = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
    document.activeElement.dispatchEvent(pressed);
  }).observe(document.body, { childList: true, subtree: true });
}"""

# Controls smaller than 44 px, unless they are unseen.
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, select, input, textarea")]
  .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
  .filter(([, { width, height }]) => width > 1 && height > 1 && (width < 44 || height < 44))
  .map(([html]) => html)"""
