"""The page for authors of clients suffices: a client written from it alone works."""

from contextlib import AsyncExitStack

import pytest

from tests.integration.realtime.conftest import screen
from tests.small_client import SmallClient

PASSWORD = "girafa azul pula alto"


@pytest.mark.proves("R76")
async def test_client_written_from_the_page_works(server: str):
    async with AsyncExitStack() as stack:
        address = server.replace("ws://", "http://")
        ana, bia = [await stack.enter_async_context(SmallClient(address)) for _ in range(2)]
        me = await ana.register("ana@example.org", "Ana", PASSWORD)
        await bia.register("bia@example.org", "Bia", PASSWORD)
        assert (me["name"], me["name_change"]["status"]) == ("Ana", "PENDING")
        room = (await ana.ask("POST", "/api/chat/rooms/", name="Sala"))["id"]
        joined = await bia.ask("POST", f"/api/chat/rooms/{room}/join/")
        assert joined["role"] == "MEMBER"
        await ana.connect(room)
        await bia.connect(room)

        await ana.post("bom dia")
        queued = await ana.hear("message_queued")
        assert queued["message"]["status"] == "PENDING"
        await screen()
        heard = await bia.hear("chat_message")
        assert "client_id" not in heard["message"]
        await ana.hear("chat_message")

        await ana.send("edit_message", id=heard["message"]["id"], message="boa tarde")
        await ana.hear("message_queued")
        await screen()
        await bia.hear("message_updated")
        await ana.hear("message_updated")
        assert bia.shown() == ana.shown() == ["boa tarde"]

        await bia.disconnect()
        unsent = await bia.post("alguém aí?")
        await ana.post("seu filho da puta")
        await ana.hear("message_queued")
        await ana.disconnect()
        await screen()
        await bia.refresh()
        ana.tokens["access"] = "expired"
        ana._http.headers["Authorization"] = "Bearer expired"
        await bia.connect(room)
        assert (await bia.hear("message_queued"))["message"]["client_id"] == unsent
        await screen()
        await bia.hear("chat_message")
        await ana.connect(room)

        refused = next(m for m in ana.messages.values() if m["status"] == "REJECTED")
        assert (refused["reason"], refused["appealable"]) == ("policy", True)
        assert bia.shown() == ["boa tarde", "alguém aí?"]
        assert ana.shown() == ["boa tarde", "seu filho da puta", "alguém aí?"]
        assert [m["content"] for m in await bia.history(room)] == bia.shown()[::-1]
        await ana.send("typing", quickly=True)
        await ana.send("ping", n=7)
        assert (await ana.hear("pong"))["n"] == 7
        (error,) = ana.errors
        assert (error["code"], error["frame"]) == ("invalid", "typing")
        assert error["error"] == error["message"]
