"""`echo '{"people": 2, "rooms": 1}' | python people.py`: accounts and rooms, as JSON."""

import json
import os
import sys
import uuid

import django
import jwt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutorial.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402

from tutorial.models import Room  # noqa: E402

arguments = json.load(sys.stdin)
users = User.objects.bulk_create(
    [User(username=uuid.uuid4().hex) for _ in range(arguments["people"])]
)
rooms = Room.objects.bulk_create([Room(name=f"Sala {n}") for n in range(arguments["rooms"])])
people = [
    {
        "id": user.pk,
        "room": rooms[n % len(rooms)].pk,
        "token": jwt.encode({"user_id": user.pk}, settings.SECRET_KEY, algorithm="HS256"),
    }
    for n, user in enumerate(users)
]
print(json.dumps(people))
