"""Every route and every frame, for every role: exactly the access table.

A new route or frame fails here until it has a row.
"""

from typing import get_args

import pytest

from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.wire import protocol
from tests.integration.realtime.conftest import Cast
from tests.security.access_table import (
    BODIES,
    FRAMES,
    ROLES,
    cell_of,
    equals_of,
    expected,
    rows,
)
from tests.security.routes import METHODS, api_paths, api_routes, as_routed
from tests.security.scene import Scene, filled, fingerprint

make_scene = run_in_db_thread(Scene)
say = run_in_db_thread(Scene.say_publicly)
ROWS = rows()


@pytest.mark.proves("S10")
def test_every_route_has_a_row_and_every_row_a_route():
    assert {as_routed(method, path) for method, path, _ in ROWS} == api_routes()


@pytest.mark.proves("S10")
def test_every_frame_has_a_row_and_every_row_a_frame():
    frames = {frame.__struct_config__.tag for frame in get_args(protocol.AnyClientFrame)}

    assert frames == set(FRAMES)


@pytest.mark.proves("S10", "S13")
def test_each_role_gets_the_documented_response(scene, is_private):
    before = fingerprint()
    found, wanted, changed = {}, {}, []

    for method, path, cells in ROWS:
        for role, cell in equals_of(dict(zip(ROLES, cells, strict=True))).items():
            row = f"{method} {path} {role}"
            body = BODIES.get(f"{method} {path}")
            status, has_changed = scene.probe(role, method, path, body, before=before)
            found[row] = str(status)
            cell_here = cell_of(role, f"{method} {path}", cell)
            wanted[row] = expected(cell_here, is_private=is_private)
            if has_changed:
                changed.append(row)

    assert found == wanted
    assert changed == []


@pytest.mark.proves("S10", "S13")
def test_undocumented_methods_answer_405(db):
    scene, offered = Scene(is_private=True), api_routes()

    for path in {path.partition("?")[0] for _, path, _ in ROWS}:
        for method in (method.upper() for method in METHODS):
            # The judge asks for a key first; its own tests have one.
            if as_routed(method, path) not in offered and not path.startswith("v1"):
                answer = scene.try_out("admin", method, path)
                assert (method, path, answer.status_code) == (method, path, 405)


@pytest.mark.proves("S10")
def test_paths_contain_only_known_kinds_of_id():
    assert {part for path in api_paths() for part in path.split("/") if "<" in part} == {
        "<uuid:room_id>",
        "<uuid:user_id>",
        "<uuid:message_id>",
        "<uuid:case_id>",
        "<uuid:queue_id>",
        "<uuid:ruling_id>",
        "<uuid:bulk_id>",
        "<uuid:purge_id>",
        "<uuid:log_id>",
        "<uuid:evaluation_id>",
        "<uuid:export_id>",
        "<slug:name>",
        "<int:number>",
        "<uuid:session_id>",
        "<uuid:invitation_id>",
        "<uuid:sanction_id>",
        "<uuid:suspension_id>",
        "<uuid:report_id>",
        "<uuid:decision_id>",
        "<uuid:appeal_id>",
        "<uuid:banked_id>",
        "<str:protocol>",
    }


@pytest.mark.proves("S10")
async def test_unauthenticated_frame_closes_the_socket(cast: Cast):
    for kind, (fields, *_) in FRAMES.items():
        client = await cast.open("/ws/chat/")
        await client.send(kind, **fields)
        assert (kind, await client.closed()) == (kind, 4001)


@pytest.mark.proves("S10")
async def test_each_role_gets_the_documented_frame_answer(cast: Cast, is_private):
    scene = await make_scene(is_private=is_private)
    found, wanted = {}, {}

    positions = dict(zip(ROLES[1:], range(1, len(ROLES)), strict=True))
    for role, position in equals_of(positions).items():
        client = await cast.join(scene.people[role])
        names = scene.names(role)
        for kind, row in FRAMES.items():
            if kind in ("edit_message", "delete_message"):
                names["message"] = str(await say(scene))
            heard = len(client.heard)
            await client.send(kind, **filled(row[0], names))
            await client.up_to_date()
            errors = [f["code"] for f in client.heard[heard:] if f["type"] == "error"]
            found[kind, role] = errors[0] if errors else "ok"
            cell = cell_of(role, kind, row[position])
            wanted[kind, role] = expected(cell, is_private=is_private)
        await client.connection.close()

    assert found == wanted
