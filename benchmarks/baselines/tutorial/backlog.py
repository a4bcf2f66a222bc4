"""`echo '{"count": 500, "texts": ["oi"]}' | python backlog.py`: store messages, one task each."""

import itertools
import json
import os
import sys
import uuid

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutorial.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402

from tutorial.models import Message, Room  # noqa: E402
from tutorial.tasks import moderate  # noqa: E402

arguments = json.load(sys.stdin)
author = User.objects.create(username=uuid.uuid4().hex)
rooms = Room.objects.bulk_create([Room(name=f"Sala {n}") for n in range(20)])
texts = itertools.cycle(arguments["texts"])
messages = [
    Message(room=rooms[n % len(rooms)], author=author, content=next(texts))
    for n in range(arguments["count"])
]
for message in Message.objects.bulk_create(messages):
    moderate.delay(message.pk)
print(len(messages))
