"""Demo accounts and rooms, created through the services."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from moderado.accounts.models import User
from moderado.accounts.services import accounts, names
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
POST_MODERATED_ROOM = "Conversa rápida"
PRIVATE_ROOM = "Sala reservada"


def has_no_accounts() -> bool:
    """Whether the database has no accounts."""
    return not User.objects.exists()


@transaction.atomic
def create_demo(*, password: str) -> None:
    """Create the missing demo accounts and rooms in one transaction. Idempotent.

    Args:
        password: For new accounts; existing accounts keep theirs.
    """
    ids = {person: _get_or_create_account(person, password) for person in PEOPLE}
    existing = set(_rooms_of(ids[ALICE]))
    if PUBLIC_ROOM not in existing:
        _create_room(PUBLIC_ROOM, ids, mode="pre", is_private=False)
    if POST_MODERATED_ROOM not in existing:
        _create_room(POST_MODERATED_ROOM, ids, mode="post", is_private=False)
    if PRIVATE_ROOM not in existing:
        _create_room(PRIVATE_ROOM, ids, mode="pre", is_private=True)


def people_with_password(password: str, *, known: dict[str, str]) -> list[Person]:
    """Return the demo accounts that still have the generated password.

    Args:
        password: The generated password.
        known: Password hashes that matched before, by e-mail. Comparing one takes a third of a
            second by design. This function adds new matches to it.
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


def _get_or_create_account(person: Person, password: str) -> UUID:
    user = User.objects.filter(email=person.email).first()
    if user is None and person.is_staff:
        user = User.objects.create_superuser(person.email, password, name=person.name)
    elif user is None:
        user = accounts.register(email=person.email, name=person.name, password=password)
        names.assign_name(user_id=user.id, name=person.name, actor_id=None)
    return user.id


def _rooms_of(user_id: UUID) -> list[str]:
    return list(rooms_visible_to(user_id).filter(created_by=user_id).values_list("name", flat=True))


def _create_room(name: str, ids: dict[Person, UUID], *, mode: str, is_private: bool) -> None:
    """Create a room of Alice, with Bruno as a member and Mara as its moderator."""
    room = rooms.create_room(
        creator_id=ids[ALICE], name=name, is_private=is_private, moderation_mode=mode
    )
    rooms.update_room(actor_id=None, room_id=room.id, name=name)
    for person, role in ((BRUNO, "MEMBER"), (MARA, "MODERATOR")):
        memberships.add_participant(
            actor_id=ids[ALICE], room_id=room.id, user_id=ids[person], role=role
        )
