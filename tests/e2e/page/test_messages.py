"""Messages on the page: sent, judged, edited, deleted, missed and found."""

import pytest
from playwright.async_api import expect

from tests.browser import BROWSER_TESTS, PASSWORD, RECONNECT, STORE, Visitor

pytestmark = [*BROWSER_TESTS, pytest.mark.long]

OFFENSIVE = "vai se foder, seu idiota"
DOUBTFUL = "Cuidado, sei onde você mora"


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
    await ana.edit_by_keyboard(message, OFFENSIVE)
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


POST_MANY = """async ({ client, openId }) => {
  for (let number = 0; number < 120; number += 1) {
    const fruit = number === 7 ? " abacaxi" : "";
    const content = `número ${number}.${fruit}`;
    await client.rest.post(`chat/rooms/${openId.value}/messages/`, { content });
  }
}"""
