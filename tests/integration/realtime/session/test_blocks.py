"""Neither of two people, one of whom blocks the other, sees when the other types or is there."""

from moderado.enforcement.services import blocks
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.integration.realtime.conftest import Cast

block_person = run_in_db_thread(blocks.block_person)


async def test_block_hides_typing_and_presence_at_once(cast: Cast):
    room = await cast.room()
    ana, bia, carla = [await cast.member(room) for _ in range(3)]
    at_ana, other_of_ana = await cast.join(ana, room), await cast.join(ana)
    at_bia, at_carla = await cast.join(bia, room), await cast.join(carla, room)

    await block_person(user_id=ana.id, blocked_id=bia.id)

    changed = await at_ana.next("block_changed")  # from now on, it is in force
    assert (changed["user"], changed["is_blocked"]) == ({"id": str(bia.id), "name": bia.name}, True)
    assert changed["created_at"]
    assert await other_of_ana.next("block_changed")
    await at_bia.send("typing")
    assert await at_carla.next("typing")
    await at_carla.send("typing")
    assert (await at_ana.next("typing"))["user"]["id"] == str(carla.id)
    assert at_ana.types().count("typing") == 1
    assert "block_changed" not in at_bia.types()


async def test_blocks_hold_for_new_connections_in_both_directions(cast: Cast):
    room = await cast.room()
    ana, bia, carla = [await cast.member(room) for _ in range(3)]
    await block_person(user_id=ana.id, blocked_id=bia.id)
    for user in (ana, bia, carla):
        await cast.join(user, room)

    for user, other in ((ana, bia), (bia, ana)):
        client = await cast.join(user)
        await client.send("subscribe", room=str(room.id))
        present = (await client.next("subscribed"))["present"]
        assert str(other.id) not in present
        assert str(carla.id) in present
