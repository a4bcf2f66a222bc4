"""The author learns the category of a refusal, but not the rule."""

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from rest_framework.test import APIClient

from moderado.accounts.models import User
from moderado.chat.models import Room
from moderado.moderation.models import ModerationLog
from moderado.moderation.types import Reason
from tests.integration.realtime.conftest import Cast, screen

pytestmark = pytest.mark.proves("S32")

RULE = {
    "id": "regra-secreta",
    "patterns": ["jabuticab[a-z]+"],
    "category": "spam",
    "severity": 0.8731,
}
# Details that only moderators may see.
INNER = ("regra-secreta", "jabuticab[", "segredinho", "0.8731", "blocklist", "matches", "score")


def answers(author: User, room: Room, message: str) -> str:
    """Return what the author sees of a message and of the moderation log."""
    client = APIClient()
    client.force_login(author)
    url = f"/api/chat/rooms/{room.id}/messages/"
    asked = [client.get(url), client.get(f"/api/moderation/logs/?message={message}")]
    return " ".join(answer.text for answer in asked)


@pytest.mark.parametrize(
    ("action", "told"), [("block", "message_rejected"), ("hold", "message_held")]
)
async def test_author_sees_the_category_but_not_the_rule(cast: Cast, settings: Any, action, told):
    options = {"name": "segredinho", "packs": [], "rules": [{**RULE, "action": action}]}
    backend = "moderado.moderation.providers.blocklist.BlocklistProvider"
    settings.MODERATION_PROVIDERS = [{"BACKEND": backend, "OPTIONS": options}]
    room = await cast.room()
    author = await cast.member(room)
    at_author = await cast.join(author, room)

    await at_author.send("chat_message", message="uma jabuticabeira", client_id="1")
    await at_author.next("message_queued")
    await screen()
    frame = await at_author.next(told)
    await at_author.send("sync", after=0, pending=["1"])
    await at_author.next("synced")
    shown = json.dumps(at_author.heard) + await sync_to_async(answers)(
        author, room, frame["message"]["id"]
    )
    (line,) = [one async for one in ModerationLog.objects.filter(scope_id=room.id)]

    assert frame["reason"] in {reason.value for reason in Reason}
    assert frame["message"]["categories"] == ["spam"]
    assert "regra-secreta" in str(line.matches)  # where moderators look
    assert [inner for inner in INNER if inner in shown] == []
