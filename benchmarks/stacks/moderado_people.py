"""Insert users, rooms and sessions directly: hashing passwords is not measured.

Runs in the server's environment. Reads its arguments and writes its result as JSON.
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
    """Create users with one membership each, distributed over the rooms."""
    users = [
        User(email=f"{new_id()}@example.org", name=f"Pessoa {n}", password="!")
        for n in range(people)
    ]
    User.objects.bulk_create(users)
    created = [Room(name=f"Sala {n}", created_by=users[0]) for n in range(rooms)]
    Room.objects.bulk_create(created)
    memberships = [Membership(room=created[n % rooms], user=user) for n, user in enumerate(users)]
    Membership.objects.bulk_create(memberships)
    until = timezone.now() + timedelta(days=1)
    sessions = [Session(user=user, expires_at=until) for user in users]
    Session.objects.bulk_create(sessions)
    return [
        {
            "id": str(membership.user_id),
            "room": str(membership.room_id),
            "token": access_token(session, now=timezone.now()),
        }
        for membership, session in zip(memberships, sessions, strict=True)
    ]


if __name__ == "__main__":
    print(json.dumps(populate(**json.load(sys.stdin))))
