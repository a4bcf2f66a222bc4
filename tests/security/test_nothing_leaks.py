"""Unpublished text and e-mail addresses never reach other users.

`test_access_matrix` reads the answers of every route for them.
"""

import json

import pytest

from moderado.chat.models import Message
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.integration.realtime.conftest import Cast, screen
from tests.security.access_table import ROLES
from tests.security.scene import Scene
from tests.security.walk import CANARY, speak

pytestmark = pytest.mark.slow

OTHERS = [role for role in ROLES if role not in ("anonymous", "member")]
JUDGES = ("moderator", "admin", "staff")
make_scene = run_in_db_thread(Scene)


@pytest.fixture(params=["private", pytest.param("public", marks=pytest.mark.long)])
def is_private(request):
    return request.param == "private"


@pytest.mark.proves("S33")
def test_unpublished_messages_are_not_counted_for_others(scene):
    public = Message.objects.filter(room=scene.room, status="APPROVED")
    others = public.exclude(author=scene.people["moderator"])
    before = others.count()
    unread = scene.ask("moderator", "GET", "chat/rooms/{room}/").json()["unread_count"]
    speak(scene)

    assert (
        scene.ask("moderator", "GET", "chat/rooms/{room}/").json()["unread_count"] == others.count()
    )
    assert unread == before > 0
    found = scene.ask("moderator", "GET", f"chat/rooms/{{room}}/search/?q={CANARY}").json()
    assert (found["count"], found["results"]) == (0, [])


def test_moderators_read_unpublished_text_only_in_moderation(scene):
    speak(scene)

    for role in JUDGES:
        assert CANARY in scene.ask(role, "GET", "moderation/cases/").content.decode()


@pytest.mark.proves("S33")
async def test_unpublished_text_is_in_no_frame_to_others(cast: Cast, is_private):
    scene = await make_scene(is_private=is_private)
    room = scene.room
    roles = [role for role in OTHERS if role in ("moderator", "admin") or not is_private]
    clients = {role: await cast.join(scene.people[role], room) for role in roles}
    author = await cast.join(scene.people["member"], room)

    hidden = await run_in_db_thread(speak)(scene)
    await author.next("message_queued", where=lambda frame: frame["message"]["id"] == hidden[-1])
    for client in clients.values():
        await client.send("sync", after=0)
        for one in hidden:
            await client.send("chat_message", message="eco", reply_to=one)
            await client.send("edit_message", id=one, message="eco")
            await client.send("delete_message", id=one)
        await client.next("synced")
        await client.up_to_date()

    assert json.dumps(author.heard).count(CANARY) > len(hidden)
    for role, client in clients.items():
        assert "chat_message" in client.types()
        assert CANARY not in json.dumps(client.heard), role


@pytest.mark.proves("S35")
async def test_no_frame_contains_another_users_email(cast: Cast):
    scene = await make_scene(is_private=True)
    clients = [await cast.join(scene.people[role], scene.room) for role in ("member", "admin")]
    for client in clients:
        await client.send("typing")
        await client.send("mark_read", seq=1)
        await client.send("chat_message", message="bom dia")
        await client.send("chat_message", message="FLAG")
        await client.send("sync", after=0)
        await client.next("synced")
    await screen()
    for client in clients:
        for _ in range(4):
            await client.next("chat_message")
        assert "@" not in json.dumps(client.heard)
