"""Store pending messages and enqueue a screening task."""

import json
import sys

import django

django.setup()

from django.db.models.functions import Now  # noqa: E402

from benchmarks.harness.texts import text_of  # noqa: E402
from benchmarks.stacks.moderado_people import populate  # noqa: E402
from moderado.chat.models import Message  # noqa: E402
from moderado.chat.tasks import screen_waiting  # noqa: E402


def fill(count: int, rooms: int) -> int:
    """Store `count` pending messages in `rooms` rooms. Return how many were stored."""
    members = populate(rooms * 5, rooms)
    messages = []
    for number in range(count):
        member = members[number % len(members)]
        messages.append(
            Message(
                room_id=member["room"],
                author_id=member["id"],
                client_id=str(number),
                first_hash=b"\0" * 16,
                text=text_of(number),
                position=0,
                queued_at=Now(),
            )
        )
    Message.objects.bulk_create(messages, batch_size=1000)
    screen_waiting.apply_async()
    return len(messages)


if __name__ == "__main__":
    print(json.dumps(fill(**json.load(sys.stdin))))
