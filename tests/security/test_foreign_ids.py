"""Foreign ids, in every place that takes an id, are answered like unknown ids."""

import re
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from moderado.chat.services import posting
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests.factories import make_member, make_room, make_user
from tests.integration.realtime.conftest import Cast
from tests.security.access_table import BODIES, ROLES
from tests.security.routes import IDS, api_routes
from tests.security.scene import Scene

ID = re.compile(r"<id:\w+>")
FOR_STAFF = (
    "auth/invitations/",
    "moderation/evaluations/",
    "enforcement/queues/",
    "enforcement/hash-bank/",
    "enforcement/report-suspensions/",
)
# One's own list of blocked persons answers the same for every id.
OWN_LISTS = ("me/blocks/",)
WITH_IDS = sorted(
    route
    for route in api_routes()
    if ID.search(route.path) and not route.path.startswith(OWN_LISTS)
)
make_scene = run_in_db_thread(Scene)
own_room = run_in_db_thread(lambda user: make_member(make_room(), user=user, role="ADMIN").room)
say = run_in_db_thread(posting.post_message)


@pytest.fixture
def foreign(db):
    """A private room without the attacker, who administers another room."""
    return Scene(is_private=True)


@pytest.fixture
def mine(foreign):
    return make_member(make_room(), user=foreign.people["stranger"], role="ADMIN").room


def in_table(path: str) -> str:
    """Return the path with placeholders for its ids, and its required body."""
    path = ID.sub(lambda found: IDS[found.group()][0], path)
    return f"{path}?q=bom" if path.endswith("search/") else path


def attempts(path: str, theirs: dict[str, str], mine: UUID) -> list[dict[str, str]]:
    """Return values for the placeholders: all foreign, or a foreign object in the own room."""
    return [theirs, {**theirs, "room": str(mine)}] if path.count("<uuid") > 1 else [theirs]


def ask(foreign: Scene, method: str, path: str, names: dict[str, str]) -> tuple[int, object]:
    foreign._names["stranger"] = names
    with transaction.atomic():
        answer = foreign.ask("stranger", method, path, BODIES.get(f"{method} {path}"))
        transaction.set_rollback(True)
    return answer.status_code, answer.json()


@pytest.mark.proves("S9", "S13")
def test_foreign_ids_answer_404(foreign, mine):
    theirs = foreign.names("stranger")
    for method, path in WITH_IDS:
        for names in attempts(path, theirs, mine.id):
            random = {
                **names,
                **{
                    name: str(uuid4())
                    for name in (
                        "other",
                        "message",
                        "hidden",
                        "case",
                        "queue",
                        "ruling",
                        "bulk",
                        "log",
                        "session",
                        "invitation",
                        "evaluation",
                        "suspension",
                        "report",
                        "decision",
                        "appeal",
                    )
                },
                "room": names["room"] if names["room"] == str(mine.id) else str(uuid4()),
            }
            found = ask(foreign, method, in_table(path), names)

            # Who may not read such objects at all learns that, whatever the id is.
            expected = 403 if path.startswith(FOR_STAFF) else 404
            assert (method, path, found[0]) == (method, path, expected)
            assert found == ask(foreign, method, in_table(path), random)


def test_reply_to_a_message_of_another_room_is_refused(foreign, mine):
    path = f"chat/rooms/{mine.id}/messages/"
    nothing = foreign.ask("stranger", "POST", path, {"content": "oi", "reply_to": str(uuid4())})
    for name in ("{message}", "{hidden}"):
        found = foreign.ask("stranger", "POST", path, {"content": "oi", "reply_to": name})
        assert (name, found.status_code) == (name, 404)
        assert found.json() == nothing.json()


def test_reply_to_an_unpublished_message_is_refused(foreign):
    path = "chat/rooms/{room}/messages/"
    for role in set(ROLES) - {"anonymous", "member"}:
        found = foreign.ask(role, "POST", path, {"content": "oi", "reply_to": "{hidden}"})
        nothing = foreign.ask(role, "POST", path, {"content": "oi", "reply_to": str(uuid4())})
        assert (role, found.status_code) == (role, 404)
        assert found.json() == nothing.json()


def test_adding_an_unknown_or_inactive_user_gives_one_answer(foreign, mine):
    path = f"chat/rooms/{mine.id}/participants/"
    closed = make_user(is_active=False)
    answers = [
        foreign.ask("stranger", "POST", path, {"user_id": str(user_id)})
        for user_id in (closed.id, uuid4())
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()


def test_logs_of_a_foreign_room_answer_404(foreign, mine):
    nothing = foreign.ask("stranger", "GET", f"moderation/logs/?room={uuid4()}")
    for query in ("room={room}", "room={room}&message={message}"):
        theirs = foreign.ask("stranger", "GET", f"moderation/logs/?{query}")
        assert (query, theirs.status_code) == (query, 404)
        assert theirs.json() == nothing.json()


def test_moderator_of_another_room_finds_no_log_line(foreign, mine):
    for name in ("{message}", "{hidden}"):
        answer = foreign.ask("stranger", "GET", f"moderation/logs/?message={name}")
        assert (name, answer.json()["results"]) == (name, [])


@pytest.mark.proves("S9", "S13")
async def test_frames_with_foreign_ids_answer_like_unknown_ids(cast: Cast):
    foreign = await make_scene(is_private=True)
    attacker = foreign.people["stranger"]
    mine = await own_room(attacker)
    client = await cast.join(attacker, mine)

    async def refused(kind: str, **fields: object) -> dict[str, object]:
        await client.send(kind, **fields)
        error = await client.next("error")
        return {key: error[key] for key in ("code", "message")}

    for kind, fields in {
        "subscribe": {},
        "sync": {"after": 0},
        "mark_read": {"seq": 1},
        "typing": {},
        "chat_message": {"message": "oi"},
    }.items():
        theirs = await refused(kind, room=str(foreign.room.id), **fields)
        assert theirs == await refused(kind, room=str(uuid4()), **fields)
    for target in (foreign.message, foreign.hidden):
        for kind, fields in {"edit_message": {"message": "oi"}, "delete_message": {}}.items():
            nothing = await refused(kind, id=str(uuid4()), **fields)
            assert nothing == await refused(kind, id=str(target), **fields)
            assert nothing == await refused(kind, id=str(target), room=str(mine.id), **fields)
        nothing = await refused("chat_message", message="oi", reply_to=str(uuid4()))
        assert nothing == await refused("chat_message", message="oi", reply_to=str(target))
