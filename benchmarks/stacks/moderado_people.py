"""People, rooms and open sessions, straight into the tables: hashing passwords is not measured.

A program inside the product's environment: a question in, an answer out, both JSON.
"""

import json
import sys
from datetime import timedelta

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from moderado.accounts.models import Session, User  # noqa: E402
from moderado.accounts.tokens import access_token  # noqa: E402
from moderado.chat.models import Membership, Room  # noqa: E402
from moderado.core.ids import new_id  # noqa: E402


@transaction.atomic
def populate(people: int, rooms: int) -> list[dict[str, str]]:
    """`people` with a place in one room each, in turn."""
    users = [
        User(email=f"{new_id()}@example.org", name=f"Pessoa {n}", password="!")
        for n in range(people)
    ]
    User.objects.bulk_create(users)
    made = [Room(name=f"Sala {n}", created_by=users[0]) for n in range(rooms)]
    Room.objects.bulk_create(made)
    places = [Membership(room=made[n % rooms], user=user) for n, user in enumerate(users)]
    Membership.objects.bulk_create(places)
    until = timezone.now() + timedelta(days=1)
    sessions = [Session(user=user, expires_at=until) for user in users]
    Session.objects.bulk_create(sessions)
    return [
        {"id": str(place.user_id), "room": str(place.room_id), "token": access_token(session)}
        for place, session in zip(places, sessions, strict=True)
    ]


if __name__ == "__main__":
    print(json.dumps(populate(**json.load(sys.stdin))))
