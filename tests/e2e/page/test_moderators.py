"""What moderators, administrators of rooms and staff do on the page."""

import re
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db.models import F
from django.utils import timezone
from playwright.async_api import Browser, expect

from moderado.accounts.models import User
from moderado.chat.models import Message, Room
from moderado.moderation.models import Case
from moderado.moderation.types import Outcome
from tests.browser import BROWSER_TESTS, PASSWORD, Visitor
from tests.rulings import rule, staff_actor

pytestmark = [*BROWSER_TESTS, pytest.mark.long]

DOUBTFUL = "Cuidado, sei onde você mora"
IN_NEED = "Ando mal, quero me matar"
POST = """async ([path, body]) => {
  const token = document.cookie.match(/csrftoken=([^;]*)/)[1];
  const headers = {"Content-Type": "application/json", "X-CSRFToken": token};
  const options = {method: "POST", headers, body: JSON.stringify(body)};
  const answer = await fetch(`/api/${path}`, options);
  return {status: answer.status, body: await answer.json()};
}"""


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


async def test_moderator_who_deletes_names_the_category(ana: Visitor, bia: Visitor) -> None:
    await bia.say("Compre já meus cursos")
    await bia.sees("Compre já meus cursos", "APPROVED")
    await ana.message("Compre já meus cursos").hover()
    await ana.message("Compre já meus cursos").get_by_role("button", name="Apagar").click()
    choice = ana.page.get_by_label("Categoria, que o autor lê")
    assert await choice.input_value() == ""  # none is suggested
    await choice.select_option("spam")
    await ana.confirm()
    removed = bia.page.locator(".message[data-status=REMOVED]")
    await expect(removed.locator(".why")).to_contain_text("Reason: spam")
    await expect(removed.locator(".why").get_by_role("link")).to_have_attribute(
        "href", "/regras/#spam"
    )


async def test_author_who_deletes_is_asked_for_no_category(ana: Visitor) -> None:
    await ana.say("Por engano")
    message = await ana.sees("Por engano", "APPROVED")
    await message.hover()
    await message.get_by_role("button", name="Apagar").click()
    await expect(ana.page.locator(".dialog .primary")).to_be_visible()
    await expect(ana.page.locator(".dialog select")).to_have_count(0)
    await ana.confirm()
    await expect(ana.message("Por engano")).to_have_count(0)


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(minutes=5), re.compile(r"shown (at|on) ")),  # around midnight it is yesterday
        (timedelta(hours=26), re.compile(r"shown on \d+/\d+/\d+, ")),
    ],
)
async def test_message_approved_late_names_the_time_since_when_it_is_shown(
    ana: Visitor, bia: Visitor, age: timedelta, shown: re.Pattern[str]
) -> None:
    await ana.say("Na hora")
    await expect(bia.message("Na hora")).to_be_visible()
    await ana.say(DOUBTFUL)
    await ana.sees(DOUBTFUL, "HELD")
    held = Message.objects.filter(text=DOUBTFUL, author__email=ana.email)
    await held.aupdate(created_at=F("created_at") - age)
    await sync_to_async(approve)(await Case.objects.alatest("created_at"))

    await expect(bia.message(DOUBTFUL).locator(".shown-at")).to_have_text(shown)
    await expect(bia.message("Na hora").locator(".shown-at")).to_have_count(0)


def approve(case: Case) -> None:
    rule(actor_id=staff_actor().id, case_id=case.id, outcome=Outcome.ALLOW)


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
    await expect(page.locator("#login-form")).to_have_count(0)  # signed in
    for path in ("", "chat/room/", "chat/message/", "moderation/moderationlog/"):
        await page.goto(f"{url}/admin/{path}")
        await expect(page.locator("#nav-sidebar, [x-data]").first).to_be_attached()
        assert await page.evaluate("typeof window.Alpine") == "object"
    for path in ("auth/group/add/", f"accounts/user/{root_id}/change/"):
        await page.goto(f"{url}/admin/{path}")
        assert await page.evaluate(HIDDEN_WIDTH) == 0  # nothing reaches beyond the window
    await page.close()
    assert complaints == []


async def test_case_page_of_the_admin_fits_a_phone(
    browser: Browser, url: str, root: str, ana: Visitor
) -> None:
    text = f"{DOUBTFUL}, {'W' * 300}"
    await ana.say(text)
    await ana.sees(text, "HELD")
    case = await Case.objects.alatest("created_at")
    page = await browser.new_page(
        viewport={"width": 320, "height": 640}, color_scheme="dark", locale="pt-BR"
    )
    await page.goto(f"{url}/admin/moderation/case/{case.pk}/change/")
    await page.fill("[name=username]", root)
    await page.fill("[name=password]", PASSWORD)
    await page.press("[name=password]", "Enter")

    await expect(page.locator("mark")).to_have_text(text)

    assert await page.evaluate(HIDDEN_WIDTH) == 0
    await page.close()


HIDDEN_WIDTH = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
