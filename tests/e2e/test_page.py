"""The chat page in real browsers, with the real web and worker processes."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from subprocess import Popen

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone
from playwright.async_api import Browser, Page, expect

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.core.ids import new_id
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.types import CloseReason
from tests import processes
from tests.browser import PASSWORD, Visitor, chromium, open_browser, visit
from tests.factories import make_room

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OFFENSIVE = "vai se foder, seu idiota"
DOUBTFUL = "Cuidado, sei onde você mora"
IN_NEED = "Ando mal, quero me matar"
POST = """async ([path, body]) => {
  const token = document.cookie.match(/csrftoken=([^;]*)/)[1];
  const headers = {"Content-Type": "application/json", "X-CSRFToken": token};
  const options = {method: "POST", headers, body: JSON.stringify(body)};
  const answer = await fetch(`/api/${path}`, options);
  return {status: answer.status, body: await answer.json()};
}"""


@pytest.fixture(scope="module")
def url(
    django_db_setup: None, moderado_worker: "Popen[bytes]", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """All visitors share one address; static files come directly from the source tree."""
    chromium()
    home = tmp_path_factory.mktemp("web")
    extra = {
        "LIMIT_SIGN_IN_PER_ADDRESS": "1000/minute",
        "MEMBER_ROOM_MODES": "pre,post,off",
        "STATIC_ROOT": str(home / "nothing-collected"),
    }
    with processes.web(home / "log", extra) as url:
        yield url


@pytest.fixture
def root() -> str:
    """Return the e-mail of a superuser."""
    return User.objects.create_superuser("root@example.com", PASSWORD, name="Root").email


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as browser:
        yield browser


@pytest.fixture
async def ana(browser: Browser, url: str) -> AsyncIterator[Visitor]:
    async with visit(browser, url, "Ana") as ana:
        await ana.create_room("Café")
        yield ana


@pytest.fixture
async def bia(browser: Browser, url: str, ana: Visitor) -> AsyncIterator[Visitor]:
    async with visit(browser, url, "Bia", locale="en-US") as bia:
        await bia.join("Café")
        yield bia


async def test_clean_message_is_pending_then_approved_and_delivered(
    ana: Visitor, bia: Visitor
) -> None:
    await ana.page.evaluate(WATCH_STATES)
    await ana.say("Bom dia!")
    await ana.sees("Bom dia!", "APPROVED")
    await expect(ana.message("Bom dia!")).to_contain_text("Aprovada")
    await expect(bia.message("Bom dia!")).to_contain_text("Ana")
    assert "Pendente" in await ana.page.evaluate("window.states")


async def test_approved_messages_look_approved_in_large_batches(
    ana: Visitor,
) -> None:
    for count in range(8):
        await ana.say(f"Um {count}.")
        await ana.say(f"Dois {count}.")
        await ana.sees(f"Um {count}.", "APPROVED")
        await ana.sees(f"Dois {count}.", "APPROVED")
    borders = "rows => rows.map(row => getComputedStyle(row).borderTopStyle)"
    looks = await ana.page.locator(".message .bubble").evaluate_all(borders)
    assert set(looks) == {"solid"}  # a dashed border marks a pending message


async def test_offensive_message_is_rejected_with_reason_and_not_delivered(
    ana: Visitor, bia: Visitor
) -> None:
    await ana.page.evaluate(WATCH_STATES)
    await ana.say(OFFENSIVE)
    rejected = await ana.sees(OFFENSIVE, "REJECTED")
    await expect(rejected).to_contain_text("Rejeitada")
    await expect(rejected.locator(".why")).not_to_be_empty()
    assert "Pendente" in await ana.page.evaluate("window.states")

    await ana.say("Desculpem.")
    await expect(bia.message("Desculpem.")).to_be_visible()  # and so would the other one be
    await expect(bia.message(OFFENSIVE)).to_have_count(0)
    assert not any(OFFENSIVE in frame for frame in bia.heard)


async def test_message_written_offline_survives_reload_and_is_sent_once(
    ana: Visitor, bia: Visitor
) -> None:
    await ana.page.route("**/api/auth/ws-ticket/", lambda route: route.abort())
    await ana.page.reload()
    await expect(ana.page.locator(".head-name h1")).to_have_text("Café")
    await ana.say("Escrita sem rede")
    await ana.sees("Escrita sem rede", "SENDING")
    await expect(ana.page.locator(".banner")).to_be_visible()
    await ana.page.reload()
    await ana.sees("Escrita sem rede", "SENDING")

    await ana.page.unroute("**/api/auth/ws-ticket/")
    await ana.page.evaluate(RECONNECT)

    await ana.sees("Escrita sem rede", "APPROVED")
    await expect(ana.page.locator(".banner")).to_have_count(0)
    await expect(bia.message("Escrita sem rede")).to_have_count(1)
    ana.expect_errors("ERR_FAILED")


async def test_draft_survives_reload_and_new_sign_in(ana: Visitor, url: str) -> None:
    await ana.page.fill("#compose", "ainda não enviado")
    await ana.page.reload()
    await expect(ana.page.locator("#compose")).to_have_value("ainda não enviado")
    room = ana.page.url
    await ana.page.goto("about:blank")
    await ana.page.context.clear_cookies()
    await ana.page.goto(f"{url}/sign-in/")
    await ana.page.fill("[name=email]", ana.email)
    await ana.page.fill("[name=password]", PASSWORD)
    await ana.page.press("[name=password]", "Enter")
    await ana.page.goto(room)
    await expect(ana.page.locator("#compose")).to_have_value("ainda não enviado")


async def test_edit_saved_twice_creates_one_revision(ana: Visitor) -> None:
    saved: list[str] = []
    ana.page.on("request", lambda asked: asked.method == "PATCH" and saved.append(asked.url))
    await ana.say("Primeira versão")
    await ana.sees("Primeira versão", "APPROVED")
    await ana.page.press("#compose", "ArrowUp")
    await expect(ana.page.locator("#compose")).to_have_value("Primeira versão")
    await ana.page.fill("#compose", "Segunda versão")
    await ana.page.dblclick(".send")
    await expect(ana.message("Segunda versão")).to_contain_text("editada")
    assert len(saved) == 1


async def test_reconnect_delivers_missed_messages(ana: Visitor, bia: Visitor) -> None:
    await ana.say("Antes")
    await expect(bia.message("Antes")).to_be_visible()
    await bia.page.route("**/api/auth/ws-ticket/", lambda route: route.abort())
    await bia.page.evaluate(f"({STORE}).then(({{ client }}) => client.connection.socket.close())")
    await ana.say("Durante")
    await ana.sees("Durante", "APPROVED")
    await expect(bia.message("Durante")).to_have_count(0)

    await bia.page.unroute("**/api/auth/ws-ticket/")
    await bia.page.evaluate(RECONNECT)

    await expect(bia.message("Durante")).to_have_count(1)
    await expect(bia.page.locator(".message .text")).to_have_text(["Antes", "Durante"])
    bia.expect_errors("ERR_FAILED")


@pytest.mark.proves("R60")
async def test_device_that_was_away_shows_what_only_its_user_sees(ana: Visitor) -> None:
    await ana.say("Chego cedo")
    await ana.sees("Chego cedo", "APPROVED")
    await ana.say(OFFENSIVE)
    rejected = await ana.sees(OFFENSIVE, "REJECTED")
    other = await ana.page.context.new_page()
    await other.goto(ana.page.url)
    await expect(other.locator(".message")).to_have_count(2)
    await expect(other.locator(".there")).to_be_visible()
    await other.route("**/api/auth/ws-ticket/", lambda route: route.abort())
    await other.evaluate(f"({STORE}).then(({{ client }}) => client.connection.socket.close())")

    await rejected.hover()
    await rejected.get_by_role("button", name="Apagar").click()
    await ana.confirm()
    await expect(ana.message(OFFENSIVE)).to_have_count(0)
    await ana.say(DOUBTFUL)
    await ana.sees(DOUBTFUL, "HELD")
    kept = await ana.sees("Chego cedo", "APPROVED")
    await kept.focus()
    await ana.page.keyboard.press("e")
    await expect(ana.page.locator("#compose")).to_have_value("Chego cedo")
    await ana.say(OFFENSIVE)
    await expect(kept.locator(".draft")).to_contain_text("Sua edição foi rejeitada")

    await other.unroute("**/api/auth/ws-ticket/")
    await other.evaluate(RECONNECT)

    await expect(other.locator(".message", has_text=DOUBTFUL)).to_have_attribute(
        "data-status", "HELD"
    )
    await expect(other.locator(".draft")).to_contain_text("Sua edição foi rejeitada")
    await expect(other.locator(".message")).to_have_count(2)  # the deleted one is gone


async def test_approved_edit_is_delivered_to_others(ana: Visitor, bia: Visitor) -> None:
    await ana.say("Ola")
    message = await ana.sees("Ola", "APPROVED")
    await message.hover()
    await message.get_by_role("button", name="Editar").click()
    await expect(ana.page.locator("#compose")).to_have_value("Ola")
    await ana.say("Olá a todos")
    await expect(bia.message("Olá a todos")).to_contain_text("edited")
    await expect(ana.message("Olá a todos")).to_contain_text("editada")


async def test_rejected_edit_keeps_visible_text_and_notifies_author(
    ana: Visitor, bia: Visitor
) -> None:
    await ana.say("Tudo bem?")
    message = await ana.sees("Tudo bem?", "APPROVED")
    await message.focus()
    await ana.page.keyboard.press("e")
    await expect(ana.page.locator("#compose")).to_have_value("Tudo bem?")
    await ana.say(OFFENSIVE)
    await expect(message.locator(".draft")).to_contain_text("Sua edição foi rejeitada")
    await expect(bia.message("Tudo bem?")).to_be_visible()
    assert not any(OFFENSIVE in frame for frame in bia.heard)


async def test_deleted_message_disappears_for_all_members(ana: Visitor, bia: Visitor) -> None:
    await ana.say("Por engano")
    message = await ana.sees("Por engano", "APPROVED")
    await expect(bia.message("Por engano")).to_be_visible()
    await message.hover()
    await message.get_by_role("button", name="Apagar").click()
    await ana.confirm()
    await expect(bia.message("Por engano")).to_have_count(0)
    await expect(ana.message("Por engano")).to_have_count(0)
    await expect(bia.page.locator(".rooms")).not_to_contain_text("Por engano", timeout=5_000)


async def test_reply_quotes_the_original_message(ana: Visitor, bia: Visitor) -> None:
    await ana.say("Quem vem?")
    question = bia.message("Quem vem?")
    await question.hover()
    await question.get_by_role("button", name="Reply").click()
    await bia.say("Eu vou")
    await expect(ana.message("Eu vou").locator(".quote")).to_contain_text("Quem vem?")


async def test_page_shows_typing_presence_and_read_markers(ana: Visitor, bia: Visitor) -> None:
    await expect(ana.page.locator(".there")).to_have_text("2 online")
    await bia.page.locator("#compose").press_sequentially("Hm")
    await expect(ana.page.locator(".typing")).to_contain_text("Bia está digitando…")
    await ana.say("Leu?")
    await expect(ana.message("Leu?")).to_contain_text("Lida por Bia")


async def test_unread_messages_of_other_rooms_are_counted(ana: Visitor, bia: Visitor) -> None:
    await ana.create_room("Outra")
    await bia.say("Alguém aí?")
    badge = ana.page.locator(".rooms-list li", has_text="Café").locator(".badge")
    await expect(badge).to_contain_text("1")
    await ana.page.get_by_role("link", name="Café").click()
    await expect(ana.message("Alguém aí?")).to_be_visible()
    await expect(badge).to_have_count(0)


async def test_history_loads_on_scroll_and_search_finds_messages(ana: Visitor) -> None:
    await ana.create_room("Longa", mode="off")
    await ana.page.evaluate(f"({STORE}).then(({POST_MANY}))")
    await ana.page.reload()
    await expect(ana.message("número 119.")).to_be_visible()
    await expect(ana.message("número 0.")).to_have_count(0)
    await ana.page.locator(".message").first.scroll_into_view_if_needed()
    await expect(ana.message("número 40.")).to_have_count(1)

    await ana.page.get_by_role("button", name="Buscar").click()
    await ana.page.fill("#search", "abacaxi")
    await ana.page.locator(".found").click()
    await expect(ana.message("abacaxi")).to_be_focused()
    await expect(ana.message("número 119.")).to_have_count(0)  # nothing between was loaded
    for newest in (60, 119):
        await ana.page.locator(".message").last.scroll_into_view_if_needed()
        await expect(ana.message(f"número {newest}.")).to_have_count(1)
    await expect(ana.page.locator(".message")).to_have_count(120)

    await ana.page.fill("#search", "número")
    await expect(ana.page.locator(".found")).to_have_count(20)
    await ana.page.get_by_role("button", name="Mais resultados").click()
    await expect(ana.page.locator(".found")).to_have_count(40)


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


async def test_signing_out_ends_the_session_in_every_tab(ana: Visitor) -> None:
    other = await ana.page.context.new_page()
    await other.goto(ana.page.url)
    await expect(other.locator(".there")).to_be_visible()
    await other.get_by_role("button", name="Sair", exact=True).click()
    await expect(other.locator("h1")).to_be_visible()
    await expect(ana.page.locator(".banner.bad")).to_contain_text("Sua sessão terminou.")
    ana.expect_errors("401", "403")


@pytest.mark.proves("R68")
async def test_moderator_decides_held_message(ana: Visitor, bia: Visitor) -> None:
    shield = ana.page.get_by_role("button", name="Análise")
    await bia.say("Bom dia!")
    await bia.sees("Bom dia!", "APPROVED")
    await bia.say(DOUBTFUL)
    held = await bia.sees(DOUBTFUL, "HELD")
    await expect(held).to_contain_text("Under review")
    await expect(ana.message(DOUBTFUL)).to_have_count(0)
    await expect(shield).to_have_attribute("aria-label", "Análise: 1 caso aberto")
    await shield.click()
    case = ana.page.locator(".case", has_text=DOUBTFUL)
    await expect(case).to_contain_text("Retida")
    await expect(case.locator(".by")).to_contain_text("Bia")
    await expect(case.locator(".context")).to_contain_text("Bom dia!")
    await expect(case.locator(".primary")).to_have_text("Rejeitar")  # a threat
    await bia.say(IN_NEED)
    await bia.sees(IN_NEED, "HELD")
    cry = ana.page.locator(".case", has_text=IN_NEED)  # the open panel follows the frames
    await expect(cry.locator(".support")).to_contain_text("A ajuda vem primeiro")
    await expect(cry.locator(".primary")).to_have_count(0)
    await expect(shield.locator(".count")).to_have_text("2")

    await case.get_by_role("button", name="Aprovar").click()
    await bia.sees(DOUBTFUL, "APPROVED")
    await expect(ana.message(DOUBTFUL)).to_be_visible()
    await expect(shield.locator(".count")).to_have_text("1")
    await cry.get_by_role("button", name="Aprovar").click()
    await expect(ana.page.locator(".panel")).to_contain_text("Não há casos abertos.")
    await expect(shield.locator(".count")).to_have_count(0)


@pytest.mark.proves("R68")
async def test_moderator_sees_what_is_public_and_what_others_decided(
    ana: Visitor, bia: Visitor
) -> None:
    await ana.create_room("Rápida", mode="post")
    await bia.join("Rápida")
    await bia.say(DOUBTFUL)
    await bia.sees(DOUBTFUL, "APPROVED")
    await sync_to_async(open_cases)("Rápida", bia.email, count=24)
    await ana.page.reload()
    await ana.page.get_by_role("button", name="Análise: 25 casos abertos").click()
    cases = ana.page.locator(".case")
    await expect(cases).to_have_count(20)
    await ana.page.get_by_role("button", name="Mais casos").click()
    await expect(cases).to_have_count(25)

    public = ana.page.locator(".case", has_text=DOUBTFUL)
    await expect(public).to_contain_text("Pública")
    await expect(public.get_by_role("button", name="Manter visível")).to_be_visible()
    await expect(public.get_by_role("button", name="Aprovar")).to_have_count(0)
    await public.get_by_role("button", name="Remover").click()
    await expect(bia.message(DOUBTFUL).locator(".why")).to_contain_text("A moderator decided")
    await expect(public).to_have_count(0)

    await sync_to_async(close_elsewhere)("caso 3.")
    await expect(ana.page.locator(".case", has_text="caso 3.")).to_have_count(0)
    await ana.page.route("**/api/moderation/cases/?*", lambda route: route.abort())
    await sync_to_async(decide_unnoticed)("caso 7.")
    late = ana.page.locator(".case", has_text="caso 7.")
    await late.get_by_role("button", name="Rejeitar").click()
    await expect(ana.page.locator(".notice")).to_contain_text("Este caso já foi decidido.")
    await expect(late).to_have_count(0)
    ana.expect_errors("409", "ERR_FAILED")


def open_cases(room: str, author: str, *, count: int) -> None:
    room_id = Room.objects.get(name=room).id
    author_id = User.objects.get(email=author).id
    for number in range(count):
        Case.objects.create(
            subject_type="message",
            subject_id=new_id(),
            revision=1,
            scope_id=room_id,
            author_id=author_id,
            origin=Case.Origin.HOLD,
            text=f"caso {number}.",
        )


@transaction.atomic
def close_elsewhere(text: str) -> None:
    case = Case.objects.get(text=text)
    close_cases(
        subject_type=case.subject_type, subject_id=case.subject_id, reason=CloseReason.DELETED
    )


def decide_unnoticed(text: str) -> None:
    """Decide a case as if the frame that tells of it were lost."""
    Case.objects.filter(text=text).update(state=Case.State.DECIDED, outcome="ALLOW")


async def test_author_learns_that_a_moderator_removed_a_message(ana: Visitor, bia: Visitor) -> None:
    await bia.say("Vendo rifas")
    await bia.sees("Vendo rifas", "APPROVED")
    await ana.message("Vendo rifas").hover()
    await ana.message("Vendo rifas").get_by_role("button", name="Apagar").click()
    await ana.confirm()
    await expect(ana.message("Vendo rifas")).to_have_count(0)
    removed = bia.page.locator(".message[data-status=REMOVED]")
    await expect(removed.locator(".why")).to_contain_text("A moderator removed this message.")
    await expect(removed.get_by_role("button")).to_have_count(0)


async def test_page_says_why_it_takes_no_message(ana: Visitor, bia: Visitor) -> None:
    room = ana.page.url.rpartition("/")[2]
    freeze = f"enforcement/rooms/{room}/freeze/"
    field, hint = bia.page.locator("#compose"), bia.page.locator("#compose-hint")
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    assert (await ana.page.evaluate(POST, [freeze, {"until": until}]))["status"] == 200
    await expect(field).to_be_disabled()
    await expect(hint).to_contain_text("Only the room's moderators write here until")
    await expect(ana.page.locator("#compose")).to_be_enabled()
    await ana.page.evaluate(POST, [freeze, {"until": None}])
    await expect(field).to_be_enabled()

    person = await User.objects.aget(email=bia.email)
    mute = {"user": str(person.id), "kind": "mute", "scope": room, "reason": "spam"}
    imposed = await ana.page.evaluate(POST, ["enforcement/sanctions/", mute])
    await expect(field).to_be_disabled()
    await expect(hint).to_contain_text("A moderator has muted you")
    await expect(hint.get_by_role("link")).to_have_attribute("href", "/regras/#spam")
    lift = f"enforcement/sanctions/{imposed['body']['id']}/lift/"
    await ana.page.evaluate(POST, [lift, {"reason": "mistake"}])
    await expect(field).to_be_enabled()


async def test_administrator_adds_participant_to_private_room(ana: Visitor, bia: Visitor) -> None:
    await ana.create_room("Reservada", is_private=True, audience="adults")
    assert (await Room.objects.aget(name="Reservada")).audience == Room.Audience.ADULTS
    await ana.page.get_by_role("button", name="Pessoas").click()
    await ana.page.fill("#add-person", "Bia")
    await ana.page.locator(".add-person li", has_text="Bia").get_by_role("button").click()
    member = ana.page.locator(".panel-body > ul .person", has_text="Bia")
    await member.locator("select").select_option("MODERATOR")
    await bia.page.reload()
    await bia.page.get_by_role("link", name="Reservada").click()
    await expect(bia.page.get_by_role("button", name="Review")).to_be_visible()

    await member.get_by_role("button").click()
    await ana.confirm()
    await expect(bia.page.locator(".notice")).to_contain_text("this room")
    await expect(bia.page.get_by_role("link", name="Reservada")).to_have_count(0)
    bia.expect_errors("404")


async def test_admin_works_under_its_content_security_policy(
    browser: Browser, url: str, root: str
) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    root_id = (await User.objects.aget(email=root)).pk
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{url}/admin/")
    await page.fill("[name=username]", root)
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")
    for path in ("", "chat/room/", "chat/message/", "moderation/moderationlog/"):
        await page.goto(f"{url}/admin/{path}")
        await expect(page.locator("#nav-sidebar, [x-data]").first).to_be_attached()
        assert await page.evaluate("typeof window.Alpine") == "object"
    for path in ("auth/group/add/", f"accounts/user/{root_id}/change/"):
        await page.goto(f"{url}/admin/{path}")
        assert await page.evaluate(HIDDEN_WIDTH) == 0  # nothing reaches beyond the window
    await page.close()
    assert complaints == []


async def test_user_text_is_never_interpreted_as_markup(ana: Visitor, bia: Visitor) -> None:
    attack = "<img src=x onerror=alert(1)> javascript:alert(1) http://exemplo.org/?a=1&b=2."
    await ana.say(attack)
    await expect(bia.message("onerror").locator(".text")).to_have_text(attack)
    links = bia.message("onerror").locator(".text a")
    await expect(links).to_have_attribute("href", "http://exemplo.org/?a=1&b=2")
    await expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(bia.page.locator(".text img")).to_have_count(0)


# Runs in the page: records every state shown, however briefly.
WATCH_STATES = """() => {
  window.states = [];
  new MutationObserver(() => document.querySelectorAll(".state").forEach(
    (state) => window.states.push(state.textContent)
  )).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""

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

HIDDEN_WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

STORE = "import('/static/moderado/app/store.js')"
RECONNECT = f"({STORE}).then(({{ client }}) => client.reconnect())"

POST_MANY = """async ({ client, openId }) => {
  for (let number = 0; number < 120; number += 1) {
    const fruit = number === 7 ? " abacaxi" : "";
    const content = `número ${number}.${fruit}`;
    await client.rest.post(`chat/rooms/${openId.value}/messages/`, { content });
  }
}"""
