"""Every REST route asked by every role once, for all tests that read the answers."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest

from moderado.accounts.models import User
from moderado.chat.models import Message
from moderado.chat.services import editing, removing
from moderado.chat.services.screening import screen_waiting
from tests.security.access_table import BODIES, ROLES, equals_of, is_asked, rows
from tests.security.scene import Scene, fingerprint

CANARY = "xicrinha"
# Whether the room is private, and which rows are asked (see `walk`).
PARTS = [
    pytest.param((True, None), id="private"),
    pytest.param((False, True), id="public"),
    pytest.param((False, False), id="public, beside rooms", marks=pytest.mark.long),
]


class Answer(NamedTuple):
    """What a role gets for a row of the access table.

    Args:
        status: Of HTTP.
        text: The body.
        has_changed: Whether the request was refused and yet changed the tables.
    """

    status: int
    text: str
    has_changed: bool


@dataclass(frozen=True)
class Walk:
    """The answers of one scene.

    Args:
        is_private: Whether its room is.
        answers: By method, path and role. Each request was rolled back.
        ids: Of the people, by role.
        emails: The id of each account, by its address.
        hidden: The ids of the member's unpublished messages.
        has_changed: Whether the tables changed in spite of it.
    """

    is_private: bool
    answers: dict[tuple[str, str, str], Answer]
    ids: dict[str, object]
    emails: dict[str, object]
    hidden: list[str]
    has_changed: bool


def walk(*, is_private: bool, of_rooms: bool | None) -> Walk:
    """Ask every route as every role, in a scene with messages in each unpublished state.

    Args:
        is_private: Whether the scene's room is.
        of_rooms: As in `is_asked`.
    """
    scene = Scene(is_private=is_private, prepare=speak)
    before, answers = fingerprint(), {}
    for method, path, cells in rows():
        for role in equals_of(dict(zip(ROLES, cells, strict=True))):
            if is_asked(method, path, role, of_rooms=of_rooms):
                answers[method, path, role] = _ask(scene, role, method, path, before)
    hidden = Message.objects.filter(author=scene.people["member"]).exclude(status="APPROVED")
    return Walk(
        is_private=is_private,
        answers=answers,
        ids={role: user.id for role, user in scene.people.items()},
        emails=dict(User.objects.values_list("email", "id")),
        hidden=[str(one) for one in hidden.values_list("id", flat=True)],
        has_changed=fingerprint() != before,
    )


def _ask(scene: Scene, role: str, method: str, path: str, before: str) -> Answer:
    """Send the request and roll it back. A search is for `CANARY`."""
    asked = role, method, path.replace("q=bom", f"q={CANARY}"), BODIES.get(f"{method} {path}")
    answer, has_changed = scene.probe(*asked, before=before)
    body = b"" if answer.streaming else answer.content  # a package of evidence is no text
    return Answer(answer.status_code, body.decode(errors="replace"), has_changed)


def speak(scene: Scene) -> list[str]:
    """Create one message of the member in every unpublished state; return their ids.

    Pending, rejected, held; with an edit pending, rejected, held; and deleted.
    """
    member, texts = scene.people["member"].id, ["{0}", "{0} BLOCK", "{0} HOLD"]
    visible = [scene.say_publicly() for _ in texts]
    gone = scene.say(CANARY)
    for text in texts[1:]:
        scene.say(text.format(CANARY))
    for message_id, text in list(zip(visible, texts, strict=True))[1:]:
        editing.edit_message(actor_id=member, message_id=message_id, text=text.format(CANARY))
    removing.delete_message(actor_id=member, message_id=gone)
    screen_waiting()
    editing.edit_message(actor_id=member, message_id=visible[0], text=CANARY)
    scene.say(CANARY)
    found = Message.objects.filter(room=scene.room)
    assert set(found.values_list("status", "edit_status")) >= {
        ("PENDING", None), ("REJECTED", None), ("HELD", None), ("REMOVED", None),
        ("APPROVED", "PENDING"), ("APPROVED", "REJECTED"), ("APPROVED", "HELD"),
    }  # fmt: skip
    hidden = found.exclude(status="APPROVED").order_by("id").values_list("id", flat=True)
    return [str(message_id) for message_id in hidden]
