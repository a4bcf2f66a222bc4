"""Frames that tell authors why moderators have decided about their content."""

import pytest

from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal, reverse, rule, undo
from moderado.enforcement.types import Actor, ContentOutcome
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests import factories
from tests.integration.chat.steps import wait_until_settled
from tests.integration.enforcement import steps
from tests.integration.realtime.conftest import Cast

pytestmark = [pytest.mark.usefixtures("obedient_provider"), pytest.mark.proves("R206")]

PRIVATE = "only for colleagues"

make_staff = run_in_db_thread(factories.make_staff)
settle = run_in_db_thread(steps.settle)
visible = run_in_db_thread(wait_until_settled)
take_back = run_in_db_thread(undo)
put_back = run_in_db_thread(reverse)


@run_in_db_thread
def decide(author, room, moderator, content=ContentOutcome.REMOVE, text="bom dia"):
    """Rule on a message that a person has reported; the ruling, which can be undone yet."""
    view = post_message(author_id=author.id, room_id=room.id, text=text).view
    screen_waiting()
    found, _ = report(
        reporter_id=factories.make_user().id,
        subject_type="message",
        subject_id=view.id,
        category="hate",
    )
    proposal = Proposal(
        content=content, reason="hate", public_note="Leia as regras.", private_note=PRIVATE
    )
    return rule(actor=acting(moderator), case_id=found.case_id, proposal=proposal)


def acting(user):
    return Actor(id=user.id, scope_ids=None)


def told(client):
    return [frame for frame in client.heard if frame["type"].startswith("decision_")]


async def test_author_reads_the_reason_once_the_ruling_is_settled(cast: Cast):
    room = await cast.room()
    author, moderator = await cast.member(room, language="pt-br"), await make_staff(name="Zuleica")
    connected, away = await cast.join(author), await cast.join(author)
    others = [await cast.join(await cast.member(room), room), await cast.join(moderator)]
    cursor = away.heard[0]["me"]["cursor"]
    await away.connection.close()

    ruling = await decide(author, room, moderator)
    await connected.up_to_date()
    assert told(connected) == []
    await settle()

    frame = await connected.next("decision_made")
    decision = frame["decision"]
    assert (decision["id"], decision["by"], decision["outcome"], decision["reason"]) == (
        str(ruling.id),
        "moderation",
        "removed",
        "hate",
    )
    assert "removeu esta mensagem" in decision["explanation"]
    assert decision["public_note"] == "Leia as regras."
    assert decision["appealable"]
    for hidden in (str(moderator.id), "Zuleica", PRIVATE):
        assert hidden not in str(frame)
    await visible()
    back = await cast.join(author)
    await back.send("sync_me", after=cursor)
    assert (await back.next("synced_me"))["decisions"] == [decision]
    for client in others:
        await client.up_to_date()
        assert told(client) == []


async def test_ruling_that_is_undone_or_reversed_at_once_says_nothing(cast: Cast):
    room = await cast.room()
    author, moderator, other = await cast.member(room), await make_staff(), await make_staff()
    client = await cast.join(author)

    undone = await decide(author, room, moderator)
    await take_back(actor=acting(moderator), ruling_id=undone.id)
    reversed_one = await decide(author, room, moderator, text="boa tarde")
    await put_back(actor=acting(other), ruling_id=reversed_one.id, reason="-")
    await decide(author, room, moderator, content=ContentOutcome.ALLOW, text="boa noite")
    await settle()
    last = await decide(author, room, moderator, content=ContentOutcome.KEEP_FLAGGED, text="oi!")
    await settle()

    frame = await client.next("decision_made")
    assert (frame["decision"]["id"], frame["decision"]["outcome"]) == (str(last.id), "kept_flagged")
    await client.up_to_date()
    assert len(told(client)) == 1
