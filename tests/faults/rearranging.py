"""What people do to their profile and their rooms in a chaos run, so that devices must learn it."""

import asyncio
import random
from contextlib import suppress

import httpx

from tests.faults.client import Client
from tests.faults.pace import Pace

PAUSE = 1.5  # seconds between two acts of a person, on average


async def rearrange(person: Client, side: str, pace: Pace, *, seed: str) -> None:
    """Rename oneself and rooms, mark rooms as read, and join and leave a room, at random.

    An act without an answer is not repeated. A refusal is no fault: only administrators rename
    rooms, and there are quotas.

    Args:
        person: Who acts.
        side: A public room in which no message is sent.
        pace: The load of the run.
        seed: Of the random choices.
    """
    dice = random.Random(seed)
    with suppress(asyncio.CancelledError):
        while True:
            await pace.pause(dice, PAUSE)
            room = dice.choice(list(person.rooms))
            number = dice.randrange(1_000)
            method, path, body = dice.choice(
                [
                    ("PATCH", "auth/users/me/", {"name": f"{person.name} {number}"}),
                    ("PATCH", "auth/users/me/", {"language": dice.choice(["pt-br", "en"])}),
                    ("PATCH", f"chat/rooms/{room}/", {"name": f"Sala {number}"}),
                    ("POST", f"chat/rooms/{room}/read/", {"seq": person.rooms[room].seq}),
                    ("POST", f"chat/rooms/{side}/join/", {}),
                    ("POST", f"chat/rooms/{side}/leave/", {}),
                ]
            )
            with suppress(httpx.HTTPError):
                await person.try_to_ask(method, path, json=body)
