"""What the page promises; every other test of the page is `long`.

One web process, one worker and one browser serve all of these tests.
"""

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from playwright.async_api import expect

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.core.ids import new_id
from moderado.enforcement.models import Ruling
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.types import CloseReason
from tests.browser import BROWSER_TESTS, RECONNECT, STORE, Visitor

pytestmark = BROWSER_TESTS

OFFENSIVE = "vai se foder, seu idiota"
DOUBTFUL = "Cuidado, sei onde você mora"
IN_NEED = "Ando mal, quero me matar"


async def test_clean_message_is_pending_then_approved_and_delivered(
    ana: Visitor, bia: Visitor
) -> None:
    await ana.page.evaluate(WATCH_STATES)
    await ana.say("Bom dia!")
    await ana.sees("Bom dia!", "APPROVED")
    await expect(ana.message("Bom dia!")).to_contain_text("Aprovada")
    await expect(bia.message("Bom dia!")).to_contain_text("Ana")
    assert "Pendente" in await ana.page.evaluate("window.states")


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


async def test_user_text_is_never_interpreted_as_markup(ana: Visitor, bia: Visitor) -> None:
    attack = "<img src=x onerror=alert(1)> javascript:alert(1) http://exemplo.org/?a=1&b=2."
    await ana.say(attack)
    await expect(bia.message("onerror").locator(".text")).to_have_text(attack)
    links = bia.message("onerror").locator(".text a")
    await expect(links).to_have_attribute("href", "http://exemplo.org/?a=1&b=2")
    await expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(bia.page.locator(".text img")).to_have_count(0)


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
    await ana.edit_by_keyboard(kept, OFFENSIVE)
    await expect(kept.locator(".draft")).to_contain_text("Sua edição foi rejeitada")

    await other.unroute("**/api/auth/ws-ticket/")
    await other.evaluate(RECONNECT)

    await expect(other.locator(".message", has_text=DOUBTFUL)).to_have_attribute(
        "data-status", "HELD"
    )
    await expect(other.locator(".draft")).to_contain_text("Sua edição foi rejeitada")
    await expect(other.locator(".message")).to_have_count(2)  # the deleted one is gone


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
    await expect(bia.message(DOUBTFUL).locator(".why")).to_contain_text("A moderator removed")
    await expect(bia.message(DOUBTFUL).locator(".state")).to_have_text("Removed")
    await expect(public).to_have_count(0)
    ruling = await Ruling.objects.aget()
    assert ruling.reason == "threat"  # which its author reads among the decisions

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


async def test_signing_out_ends_the_session_in_every_tab(ana: Visitor) -> None:
    other = await ana.page.context.new_page()
    await other.goto(ana.page.url)
    await expect(other.locator(".there")).to_be_visible()
    await other.get_by_role("button", name="Sair", exact=True).click()
    await expect(other.locator("h1")).to_be_visible()
    await expect(ana.page.locator(".banner.bad")).to_contain_text("Sua sessão terminou.")
    ana.expect_errors("401", "403")


# Runs in the page: records every state shown, however briefly.
WATCH_STATES = """() => {
  window.states = [];
  new MutationObserver(() => document.querySelectorAll(".state").forEach(
    (state) => window.states.push(state.textContent)
  )).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
