"""What moderators, administrators of rooms and staff do on the page."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone
from playwright.async_api import Browser, expect

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.core.ids import new_id
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.types import CloseReason
from tests.browser import BROWSER_TESTS, PASSWORD, Visitor

pytestmark = BROWSER_TESTS

DOUBTFUL = "Cuidado, sei onde você mora"
IN_NEED = "Ando mal, quero me matar"
POST = """async ([path, body]) => {
  const token = document.cookie.match(/csrftoken=([^;]*)/)[1];
  const headers = {"Content-Type": "application/json", "X-CSRFToken": token};
  const options = {method: "POST", headers, body: JSON.stringify(body)};
  const answer = await fetch(`/api/${path}`, options);
  return {status: answer.status, body: await answer.json()};
}"""


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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
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
