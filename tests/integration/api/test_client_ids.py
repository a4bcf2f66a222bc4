"""Requests that create something and are sent again after a lost answer."""

import threading
import uuid

import pytest
from django.db import connection
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from moderado.accounts.models import ClientKey, Invitation
from moderado.accounts.services.erasing import close_account, replace_identity
from moderado.chat.models import Room
from moderado.chat.services.rooms import create_room
from moderado.enforcement.models import Notice
from moderado.moderation.models import Evaluation, PolicyVersion
from tests.factories import EVALUATING, INVITING, POLICING, make_staff, make_user
from tests.integration.enforcement.test_notices import GIVEN

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S162")]

KEY = str(uuid.UUID(int=7, version=4))
RULE = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold"}
DOCUMENT, OTHER = {"rules": [RULE]}, {"rules": [RULE | {"outcome": "block"}]}
POLICY = {"name": "casa", "document": DOCUMENT}
# What each route creates, a request, and another content.
NOTICE = GIVEN | {"subject": str(uuid.UUID(int=9, version=4))}
CREATING = {
    "/api/chat/rooms/": (Room, {"name": "Sala"}, {"is_private": True}),
    "/api/auth/invitations/": (Invitation, {"note": "Ana", "days": 3}, {"days": 4}),
    "/api/notices/": (Notice, NOTICE, {"text": "Outro motivo."}),
    "/api/moderation/policies/": (PolicyVersion, POLICY, {"document": OTHER}),
    "/api/moderation/policies/outra/versions/": (
        PolicyVersion, {"document": DOCUMENT}, {"document": OTHER},
    ),
    "/api/moderation/evaluations/": (Evaluation, {"kind": "calibration"}, {"limit": 5}),
}  # fmt: skip

# Why a POST needs no `client_id`, and of which operations that is true.
NO_CLIENT_ID = {
    "the same request within a minute, or of the same text, is a repeat (ADR 0090 to 0092)": """
        appeal_decision appeal_report write_case_note""",
    "what it creates is unique: a repeat finds it": "register request_export make_evidence",
    "decided or ended once: a repeat of its moderator answers the first one (ADR 0132)": """
        decide_appeal undo_ruling reverse_ruling reverse_bulk_ruling reverse_purge lift_sanction
        lift_report_suspension cancel_evaluation""",
    "no other act takes it back": "mark_read confirm_notice logout",
    "a repeat is refused, and changes nothing": "change_password",
    "a credential that expires: an unused one is worth nothing": "login refresh issue_ticket",
    "nothing is created": "try_text create_moderation analyze_comment suggest_comment_score",
}


@pytest.fixture
def staff():
    client = APIClient()
    client.force_login(make_staff(*INVITING, *POLICING, *EVALUATING))
    client.post("/api/moderation/policies/", POLICY | {"name": "outra"}, format="json")
    return client


def posted(client, route, body, **more):
    """Send a request with KEY as its `client_id`."""
    return client.post(route, {**body, "client_id": KEY, **more}, format="json")


@pytest.mark.parametrize("route", CREATING)
def test_repeat_returns_the_first_result_and_other_content_is_a_conflict(staff, route):
    model, body, other = CREATING[route]
    before = model.objects.count()

    first, again = (posted(staff, route, body) for _ in range(2))
    conflict = posted(staff, route, body, **other)

    assert (first.status_code, again.status_code) == (201, 201), again.content
    assert first.json() == again.json()
    assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")
    assert model.objects.count() == before + 1


def test_client_ids_of_others_and_of_other_things_are_independent(staff):
    other = APIClient()
    other.force_login(make_user())
    body = {"name": "Sala"}

    rooms = [posted(each, "/api/chat/rooms/", body).json()["id"] for each in (staff, other)]
    invited = posted(staff, "/api/auth/invitations/", {})

    assert len(set(rooms)) == 2
    assert invited.status_code == 201


def test_refused_request_leaves_its_client_id_unused(staff):
    refused = posted(staff, "/api/chat/rooms/", {"name": "\u200b"})

    assert refused.status_code == 400
    assert posted(staff, "/api/chat/rooms/", {"name": "Sala"}).status_code == 201


def test_repeat_of_what_was_deleted_since_creates_nothing(staff):
    room = posted(staff, "/api/chat/rooms/", {"name": "Sala"}).json()["id"]
    invitation = posted(staff, "/api/auth/invitations/", {}).json()["id"]
    staff.delete(f"/api/chat/rooms/{room}/")
    staff.delete(f"/api/auth/invitations/{invitation}/")

    assert posted(staff, "/api/chat/rooms/", {"name": "Sala"}).status_code == 404
    assert posted(staff, "/api/auth/invitations/", {}).status_code == 404
    assert Room.objects.filter(deleted_at=None).exclude(pk=room).count() == 0


def test_repeated_notice_uses_up_no_limit(settings):
    settings.NOTICE_LIMITS = settings.NOTICE_LIMITS | {"email": "1/hour"}
    answers = [posted(APIClient(), "/api/notices/", NOTICE) for _ in range(3)]

    assert [each.status_code for each in answers] == [201] * 3


@pytest.fixture
def adding(staff):
    """Return a request that adds an account to a room of `staff`, and the path of the latter."""
    room = staff.post("/api/chat/rooms/", {"name": "Sala", "is_private": True}, format="json")
    route = f"/api/chat/rooms/{room.json()['id']}/participants/"
    body = {"user_id": str(make_user().id)}
    return lambda **more: posted(staff, route, body, **more), f"{route}{body['user_id']}/"


@pytest.mark.proves("S181")
def test_repeat_does_not_add_a_participant_again_who_was_removed(staff, adding):
    add, path = adding
    first, again = add(), add()
    staff.delete(path)

    late = add()

    assert (first.status_code, again.status_code, late.status_code) == (201, 201, 404)
    assert first.json() == again.json()
    assert add(role="ADMIN").json()["code"] == "conflict"
    assert staff.patch(path, {"role": "ADMIN"}, format="json").status_code == 404
    assert add(client_id="again").status_code == 201


@pytest.mark.proves("S181")
def test_repeat_after_a_change_of_role_changes_nothing(staff, adding):
    add, path = adding
    add()
    staff.patch(path, {"role": "MODERATOR"}, format="json")

    assert add().json()["role"] == "MODERATOR"
    assert add(client_id="other").json()["code"] == "already_a_member"


@pytest.mark.django_db(transaction=True)
def test_concurrent_repeats_create_one_room():
    creator, together, made = make_user(), threading.Barrier(4, timeout=10), []

    def create():
        together.wait()
        try:
            made.append(create_room(creator_id=creator.id, name="Sala", client_id=KEY).id)
        finally:
            connection.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert (len(made), len(set(made)), Room.objects.count()) == (4, 1, 1)


def test_erased_account_keeps_no_client_id():
    user = make_user()
    create_room(creator_id=user.id, name="Sala", client_id="minha sala")
    close_account(user_id=user.id, is_final=True)
    replace_identity(user_id=user.id)

    assert not ClientKey.objects.exists()


def test_every_post_takes_a_client_id_or_says_why_not():
    document = SchemaGenerator().get_schema(request=None, public=True)
    posts = [each["post"] for each in document["paths"].values() if "post" in each]
    without = {each["operationId"] for each in posts if not takes_client_id(each, document)}
    excepted = " ".join(NO_CLIENT_ID.values()).split()

    assert without == set(excepted)
    assert len(excepted) == len(set(excepted))


def takes_client_id(operation, document):
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    described = document["components"]["schemas"].get(name, {"properties": {}})
    return "client_id" in described["properties"]
