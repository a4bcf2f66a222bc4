"""Acts that another act takes back, sent again after that: the repeat has no effect."""

import re
from datetime import timedelta
from functools import cache, partial
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator

from moderado.accounts.models import User
from moderado.chat.models import Membership, Room
from moderado.enforcement.models import (
    Erasure,
    PersonBlock,
    Purge,
    Queue,
    Ruling,
    Sanction,
)
from moderado.moderation.models import BankedText, Case, Policy, PolicyAssignment
from tests.factories import (
    ENFORCING,
    MODERATING,
    POLICING,
    PRESERVING,
    SANCTIONING,
    client_of,
    make_member,
    make_message,
    make_room,
    make_staff,
    make_user,
)
from tests.integration.api.test_client_ids import takes_client_id

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R266")]

KEY = "00000000-0000-4000-8000-000000000007"
PASSWORD = "correct horse battery 9"
STAFF = (*ENFORCING, *MODERATING, *POLICING, *PRESERVING, *SANCTIONING)

# Why a request that changes something needs no `client_id`, and of which operations that is true.
NO_CLIENT_ID = {
    "what it deletes or ends has an id that never returns": """
        delete_room delete_message delete_queue end_session revoke_invitation unbank_text""",
    "its name is never given again": "delete_policy",
}


class World:
    """A room with its administrator, a member, a person, and staff."""

    def __init__(self):
        self.room = make_room(is_private=False)
        self.admin = make_member(self.room, role="ADMIN").user
        self.member = make_member(self.room).user
        self.person = make_user(password=PASSWORD)
        self.staff = make_staff(*STAFF)
        self.rooms = f"/api/chat/rooms/{self.room.id}/"
        self.people = f"{self.rooms}participants/"
        self.measures = f"/api/enforcement/rooms/{self.room.id}/"
        message = make_message(
            self.room, author=self.member, status="APPROVED", seq=1, position=1,
            text="um texto que é longo bastante para o banco de textos",
        )  # fmt: skip
        self.message = message
        self.case = Case.objects.create(
            subject_type="message", subject_id=message.id, revision=1, scope_id=self.room.id,
            author=self.member, origin="flag", text=message.text,
        )  # fmt: skip
        self.cases = f"/api/enforcement/cases/{self.case.id}/"
        ends_at = timezone.now() + timedelta(hours=1)
        self.slow = Sanction.objects.create(user=make_user(), kind="slow", ends_at=ends_at)
        self.term = f"/api/enforcement/sanctions/{self.slow.id}/term/"

    def send(self, user, method, path, body=None, key=None):
        client = client_of(user)
        given = {} if key is None else {"client_id": key}
        if method == "delete":
            return client.delete(f"{path}?{urlencode({**(body or {}), **given})}")
        return getattr(client, method)(path, {**(body or {}), **given}, format="json")

    def member_count(self):
        return Membership.objects.filter(room=self.room).count()

    def roles(self):
        return sorted(Membership.objects.filter(room=self.room).values_list("user", "role"))

    def room_row(self):
        return Room.objects.values("is_private", "frozen_until", "slow_mode_until").get(
            pk=self.room.pk
        )

    def claim(self):
        return Case.objects.values("claimed_by", "snoozed_until").get(pk=self.case.pk)


def until():
    return {"until": (timezone.now() + timedelta(hours=1)).isoformat()}


def acts(world):
    """Return by name: who acts, the act, the opposite act, and what must not change again."""
    w = world
    me, member = f"{w.people}{w.person.id}/", f"{w.people}{w.member.id}/"
    block = {"user": str(w.member.id)}
    tomorrow = {"until": (timezone.now() + timedelta(days=1)).isoformat()}
    null = {"until": None}
    mute = {"user": str(w.member.id), "kind": "mute", "scope": "server", "reason": "spam"}
    bank = {"message": str(w.message.id), "order": "Ofício 7"}
    since = (timezone.now() - timedelta(hours=1)).isoformat()
    purge = {"user": str(w.member.id), "since": since}
    rule = {"content": "remove", "reason": "spam", "revision": 1}
    blocks = PersonBlock.objects.count
    erasure, password = "/api/me/erasure/", {"password": PASSWORD}
    banked, queues, queue = (
        "/api/enforcement/hash-bank/",
        "/api/enforcement/queues/",
        {"name": "Fila"},
    )
    frozen, them = w.room_row, str(w.person.id)
    return {
        "join": (w.person, ("post", f"{w.rooms}join/"), ("post", f"{w.rooms}leave/"), w.roles),
        "leave": (w.member, ("post", f"{w.rooms}leave/"), ("post", f"{w.rooms}join/"), w.roles),
        "add": (w.admin, ("post", w.people, {"user_id": them}), ("delete", me), w.roles),
        "remove": (
            w.admin, ("delete", member), ("post", w.people, {"user_id": str(w.member.id)}),
            w.member_count,
        ),
        "change role": (
            w.admin, ("patch", member, {"role": "MODERATOR"}),
            ("patch", member, {"role": "MEMBER"}), w.roles,
        ),
        "make private": (
            w.admin, ("patch", w.rooms, {"is_private": True}),
            ("patch", w.rooms, {"is_private": False}), frozen,
        ),
        "block": (
            w.person, ("post", "/api/me/blocks/", block),
            ("delete", f"/api/me/blocks/{w.member.id}/"), blocks,
        ),
        "unblock": (
            w.person, ("delete", f"/api/me/blocks/{w.member.id}/"),
            ("post", "/api/me/blocks/", block), blocks,
        ),
        "unblock by query": (
            w.person, ("delete", "/api/me/blocks/", block), ("post", "/api/me/blocks/", block),
            blocks,
        ),
        "rename oneself": (
            w.person, ("patch", "/api/auth/users/me/", {"language": "en"}),
            ("patch", "/api/auth/users/me/", {"language": "pt-br"}),
            lambda: User.objects.get(pk=w.person.pk).language,
        ),
        "freeze": (
            w.staff, ("post", f"{w.measures}freeze/", tomorrow),
            ("post", f"{w.measures}freeze/", null), frozen,
        ),
        "slow": (
            w.staff, ("post", f"{w.measures}slow-mode/", tomorrow),
            ("post", f"{w.measures}slow-mode/", null), frozen,
        ),
        "newcomers": (
            w.staff, ("post", f"{w.measures}newcomers-wait/", tomorrow),
            ("post", f"{w.measures}newcomers-wait/", null),
            lambda: Room.objects.get(pk=w.room.pk).newcomers_wait_until,
        ),
        "claim": (
            w.staff, ("post", f"{w.cases}claim/"), ("post", f"{w.cases}release/"), w.claim,
        ),
        "claim on the older path": (
            w.staff, ("post", f"/api/moderation/cases/{w.case.id}/claim/"),
            ("post", f"{w.cases}release/"), w.claim,
        ),
        "release": (
            w.staff, ("post", f"{w.cases}release/"), ("post", f"{w.cases}claim/"),
            lambda: w.claim()["claimed_by"],
        ),
        "snooze": (
            w.staff, ("post", f"{w.cases}snooze/", tomorrow), ("post", f"{w.cases}claim/"), w.claim,
        ),
        "rule": (
            w.staff, ("post", f"{w.cases}ruling/", rule),
            lambda made: ("post", f"/api/enforcement/rulings/{made['ruling']['id']}/undo/"),
            lambda: Ruling.objects.filter(undone_at=None).count(),
        ),
        "rule on the older path": (
            w.staff,
            ("post", f"/api/moderation/cases/{w.case.id}/ruling/", {
                "outcome": "BLOCK", "reason": "spam",
            }),
            lambda _: ("post", f"/api/enforcement/rulings/{Ruling.objects.get().id}/undo/"),
            lambda: Ruling.objects.filter(undone_at=None).count(),
        ),
        "sanction": (
            w.staff, ("post", "/api/enforcement/sanctions/", mute),
            lambda made: (
                "post", f"/api/enforcement/sanctions/{made['id']}/lift/", {"reason": "mistake"},
            ),
            lambda: Sanction.objects.filter(lifted_at=None).count(),
        ),
        "term": (
            w.staff, ("post", w.term, {"until": None, "reason": "spam"}),
            ("post", w.term, {"reason": "spam", **tomorrow}),
            lambda: Sanction.objects.get(pk=w.slow.pk).ends_at,
        ),
        "bank": (
            w.staff, ("post", banked, bank),
            lambda made: ("delete", f"{banked}{made['id']}/", {"reason": "Ofício 8"}),
            BankedText.objects.count,
        ),
        "queue": (
            w.staff, ("post", queues, queue),
            lambda made: ("delete", f"{queues}{made['id']}/"), Queue.objects.count,
        ),
        "purge": (
            w.staff, ("post", "/api/enforcement/purges/", purge),
            lambda made: (
                "post", f"/api/enforcement/purges/{made['id']}/reverse/", {"reason": "mistake"},
            ),
            Purge.objects.count,
        ),
        "request erasure": (
            w.person, ("post", erasure, password), ("delete", erasure),
            lambda: Erasure.objects.filter(state="waiting").count(),
        ),
    }  # fmt: skip


NAMES = [
    "join", "leave", "add", "remove", "change role", "make private", "block", "unblock",
    "unblock by query", "rename oneself", "freeze", "slow", "newcomers", "claim",
    "claim on the older path", "release", "snooze", "rule", "rule on the older path", "sanction",
    "term", "bank", "queue", "purge", "request erasure",
]  # fmt: skip


# After the opposite act there is nothing that the repeat could show.
ENDED = {"join", "add", "block", "bank", "queue", "request erasure"}


@pytest.mark.parametrize("name", NAMES)
def test_repeat_after_the_opposite_act_has_no_effect(name):
    world = World()
    actor, act, opposite, state = acts(world)[name]
    method, path, *body = act
    send = partial(world.send, actor, method, path, *body)
    if name.startswith("unblock"):
        world.send(actor, "post", "/api/me/blocks/", {"user": str(world.member.id)})
    if name == "release":
        world.send(actor, "post", f"{world.cases}claim/")

    first = send(key=KEY)
    after_act = state()
    again = send(key=KEY)
    assert first.status_code < 300, first.content
    assert (again.status_code, state()) == (again.status_code, after_act)
    assert again.status_code < 300, again.content
    assert str(again.status_code) in documented(method, path)
    back = opposite(first.json()) if callable(opposite) else opposite
    answer = world.send(actor, *back)
    assert answer.status_code < 300, answer.content
    taken_back = state()
    assert taken_back != after_act or name in {"purge", "bank"}

    late = send(key=KEY)

    assert state() == taken_back
    assert late.status_code < 300 or (name in ENDED and late.status_code == 404), late.content


def documented(method, path):
    """Return the documented answers of an operation by their status."""
    for template, operations in _document()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            return operations[method]["responses"]
    raise AssertionError(path)


@cache
def _document():
    return SchemaGenerator().get_schema(request=None, public=True)


def test_repeat_without_a_client_id_answers_what_is_banked():
    world = World()
    bank = {"message": str(world.message.id), "order": "Ofício 7"}

    answers = [world.send(world.staff, "post", "/api/enforcement/hash-bank/", bank) for _ in "12"]

    assert [each.status_code for each in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


def test_another_client_id_is_another_wish():
    world = World()
    join = partial(world.send, world.person, "post", f"{world.rooms}join/")
    leave = partial(world.send, world.person, "post", f"{world.rooms}leave/")

    joined = join(key="1")
    leave(key="2")
    rejoined = join(key="3")

    assert (joined.status_code, rejoined.status_code) == (200, 200)
    assert world.member_count() == 3
    assert join(key="3").json() == rejoined.json()


def test_client_id_that_is_null_is_none():
    user = make_user()
    answer = client_of(user).patch(
        "/api/auth/users/me/", {"language": "en", "client_id": None}, format="json"
    )

    assert (answer.status_code, answer.json()["language"]) == (200, "en")


@pytest.mark.proves("S237")
@pytest.mark.parametrize("spelled", ["false", "False", "no", "0", "f"])
def test_dry_run_is_what_the_handler_reads(spelled):
    world = World()
    purge = {
        "user": str(world.member.id), "room": str(world.room.id), "reason": "spam",
        "since": (timezone.now() - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    send = partial(world.send, world.admin, "post", "/api/enforcement/purges/", key=KEY)

    first = send(purge | {"dry_run": spelled})
    other = send(purge | {"dry_run": spelled, "reason": "flood"})

    assert (first.status_code, other.status_code) == (202, 409), first.content
    assert Purge.objects.count() == 1


@pytest.mark.proves("S237")
@pytest.mark.parametrize("spelled", [True, "true", "yes", 1])
def test_dry_run_uses_no_client_id(spelled):
    world = World()
    purge = {
        "user": str(world.member.id), "room": str(world.room.id), "reason": "spam",
        "since": (timezone.now() - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    send = partial(world.send, world.admin, "post", "/api/enforcement/purges/", key=KEY)

    assert send(purge | {"dry_run": spelled}).json()["state"] == "dry_run"
    assert send(purge | {"dry_run": "maybe"}).status_code == 400
    assert send(purge | {"dry_run": False}).status_code == 202


def test_other_content_is_a_conflict_and_a_refusal_leaves_the_client_id_unused():
    world = World()
    path = f"{world.people}{world.member.id}/"
    change = partial(world.send, world.admin, "patch", path)

    assert change({"role": "KING"}, key=KEY).status_code == 400
    assert change({"role": "MODERATOR"}, key=KEY).status_code == 200
    assert change({"role": "ADMIN"}, key=KEY).json()["code"] == "conflict"
    assert change({"role": "ADMIN"}, key=7).status_code in {200, 400}
    assert change({"role": "ADMIN"}, key="x" * 65).status_code == 400


def test_repeat_shows_nothing_that_its_sender_may_not_see_any_more():
    world = World()
    path = f"{world.people}{world.member.id}/"
    change = partial(world.send, world.admin, "patch", path, {"role": "MODERATOR"}, key=KEY)
    assert change().status_code == 200
    Room.objects.filter(pk=world.room.pk).update(is_private=True)
    Membership.objects.filter(user=world.admin).delete()

    assert change().status_code == 404


def test_policies_and_assignments_are_not_set_again():
    world = World()
    rule = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold"}
    policies, send = "/api/moderation/policies/", partial(world.send, world.staff)
    send("post", policies, {"name": "casa", "document": {"rules": [rule]}})
    send("post", f"{policies}casa/versions/", {"document": {"rules": []}})
    enable = [partial(send, "post", f"{policies}casa/versions/{n}/enable/") for n in (1, 2)]
    assign = partial(send, "put", "/api/moderation/assignments/")

    assert enable[0](key=KEY).status_code == 200
    assert enable[1]().status_code == 200
    assert enable[0](key=KEY).status_code == 200
    assert Policy.objects.get(name="casa").enabled.number == 2

    assert assign({"room_types": {"public": "casa"}}, key=KEY).status_code == 200
    assert assign({"room_types": {}, "server": None}).status_code == 200
    late = assign({"room_types": {"public": "casa"}}, key=KEY)
    assert (late.status_code, late.json()["room_types"]) == (200, {})
    assert not PolicyAssignment.objects.filter(room_type="public").exists()


def test_every_change_and_deletion_takes_a_client_id_or_says_why_not():
    document = SchemaGenerator().get_schema(request=None, public=True)
    methods = ("put", "patch", "delete")
    found = [path[each] for path in document["paths"].values() for each in methods if each in path]
    without = {each["operationId"] for each in found if not _takes(each, document)}

    assert without == set(" ".join(NO_CLIENT_ID.values()).split())


def _takes(operation, document):
    in_query = {each["name"] for each in operation.get("parameters", [])}
    return "client_id" in in_query or takes_client_id(operation, document)


def test_sessions_that_began_since_are_not_ended():
    world = World()
    client_of(world.person)
    here = client_of(world.person)
    path, body = "/api/auth/sessions/end-others/", {"client_id": KEY}
    ended = here.post(path, body, format="json").json()["ended"]
    elsewhere = client_of(world.person)

    again = here.post(path, body, format="json")

    assert (ended >= 1, again.json()) == (True, {"ended": 0})
    assert elsewhere.get("/api/auth/users/me/").status_code == 200
