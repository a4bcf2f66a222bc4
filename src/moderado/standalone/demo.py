"""Three people and three rooms to try the product with, made through the services."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from moderado.accounts.models import User
from moderado.accounts.services import accounts
from moderado.chat.selectors.rooms import rooms_visible_to
from moderado.chat.services import memberships, rooms


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    email: str
    name: str
    is_staff: bool = False


ALICE = Person(email="alice@demo.example", name="Alice")
BRUNO = Person(email="bruno@demo.example", name="Bruno")
MARA = Person(email="mara@demo.example", name="Mara (moderadora)", is_staff=True)
PEOPLE = (ALICE, BRUNO, MARA)

PUBLIC_ROOM = "Boas-vindas"
SWIFT_ROOM = "Conversa rápida"  # shown at once, removed if blocked
PRIVATE_ROOM = "Sala reservada"


def is_untouched() -> bool:
    """Whether nobody has an account here yet."""
    return not User.objects.exists()


@transaction.atomic
def make(*, password: str) -> None:
    """Make what is missing of the demo. New accounts get `password`; those that are there already
    keep theirs. All or nothing, and harmless when repeated."""
    ids = {person: _account(person, password) for person in PEOPLE}
    already = set(_rooms_of(ids[ALICE]))
    if PUBLIC_ROOM not in already:
        _room(PUBLIC_ROOM, ids, mode="pre", is_private=False)
    if SWIFT_ROOM not in already:
        _room(SWIFT_ROOM, ids, mode="post", is_private=False)
    if PRIVATE_ROOM not in already:
        _room(PRIVATE_ROOM, ids, mode="pre", is_private=True)


def people_who_sign_in_with(password: str, *, known: dict[str, str]) -> list[Person]:
    """Those of the demo whose account still is as it was made.

    `known` maps an e-mail to a password hash that was compared before (that takes a third of a
    second, on purpose), and is brought up to date.
    """
    accounts_by_email = {
        user.email: user
        for user in User.objects.filter(
            email__in=[person.email for person in PEOPLE], is_active=True
        )
    }
    found = []
    for person in PEOPLE:
        user = accounts_by_email.get(person.email)
        if user is None:
            continue
        if known.get(user.email) == user.password or user.check_password(password):
            known[user.email] = user.password
            found.append(person)
    return found


def _account(person: Person, password: str) -> UUID:
    user = User.objects.filter(email=person.email).first()
    if user is None and person.is_staff:
        user = User.objects.create_superuser(person.email, password, name=person.name)
    elif user is None:
        user = accounts.register(email=person.email, name=person.name, password=password)
    return user.id


def _rooms_of(user_id: UUID) -> list[str]:
    return list(rooms_visible_to(user_id).filter(created_by=user_id).values_list("name", flat=True))


def _room(name: str, ids: dict[Person, UUID], *, mode: str, is_private: bool) -> None:
    """Alice's room, with Bruno as a member and Mara as its moderator."""
    room = rooms.create_room(
        creator_id=ids[ALICE], name=name, is_private=is_private, moderation_mode=mode
    )
    for person, role in ((BRUNO, "MEMBER"), (MARA, "MODERATOR")):
        memberships.add_participant(
            actor_id=ids[ALICE], room_id=room.id, user_id=ids[person], role=role
        )
