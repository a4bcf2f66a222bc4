"""People in a room of mode `optimistic`, and what the checker demands there.

Others may see a text before its verdict, but not one in which a local provider finds something.
What was blocked afterwards must be gone from every device at the end.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

from tests.faults.client import Client
from tests.faults.crowd import Crowd
from tests.faults.pace import Pace
from tests.faults.run import Row, Run
from tests.faults.words import CANARY, LISTED, OUTCOMES, a_text

MODE = "optimistic"
ENVIRONMENT = {"OPTIMISTIC_MESSAGES": "1"}  # shown ones, for good standing
EVERY = 0.5  # average seconds between two messages of an author in good standing
EVERY_OTHER = 0.3  # and of one who has lost it: 20 messages bring it back
BAD = 0.4  # share of bad texts while the author is in good standing
EDITS = 0.1
SEARCHES = 20  # texts that are searched for at most
_SHOWS = frozenset({"allow", "keep_flagged"})


async def talk_carefully(person: Client, room_id: str, pace: Pace, *, seed: str) -> None:
    """Send clean texts until they are shown at once, then sometimes a bad one, until cancelled."""
    dice = random.Random(seed)
    bad = cycle(["BLOCK", *LISTED, *OUTCOMES])
    number, is_trusted = 0, False
    with suppress(asyncio.CancelledError):
        while True:
            number += 1
            outcome = next(bad) if is_trusted and dice.random() < BAD else ""
            shown = [send.id for send in person.sends.values() if send.is_shown_at_once]
            if shown and outcome and person.is_up and dice.random() < EDITS:
                await person.edit(str(shown[-1]), a_text(number, outcome=outcome))
            else:
                await person.say(room_id, a_text(number, outcome=outcome))
            answered = [send for send in person.sends.values() if send.acknowledged is not None]
            is_trusted = bool(answered) and answered[-1].is_shown_at_once
            if dice.random() < 0.02:
                await person.drop_connection()
            await pace.pause(dice, EVERY if is_trusted else EVERY_OTHER)


def check_listed_texts_were_unseen(run: Run) -> Iterator[str]:
    """I6: a text in which a local provider finds something reaches only its author and moderators.

    Unless a ruling showed it.
    """
    rulings = run.enforced.rulings if run.moderators else ()
    ruled = {(row["subject"], row["revision"]) for row in rulings if row["content"] in _SHOWS}
    authors = {
        canary: row["author"]
        for row in run.texts
        if is_stopped(row) and (row["id"], row["revision"]) not in ruled
        for canary in CANARY.findall(row["text"])
    }
    moderators = {each.client.id for each in run.moderators}
    for client in run.clients:
        if client.id in moderators:
            continue
        for canary in authors.keys() & set(CANARY.findall("\n".join(client.received))):
            if authors[canary] != client.id:
                yield f"{client.name} received {canary}, which a local provider stops"


def is_stopped(row: Row) -> bool:
    """Tell whether a stored text waits in its room, for any author."""
    return row["mode"] == MODE and not LISTED.keys().isdisjoint(row["text"].split())


def check_hidden_texts_are_gone(run: Run) -> Iterator[str]:
    """I6: what is not visible at the end is on no device of others, and in no fresh load."""
    visible = {
        canary
        for row in run.messages.values()
        if row["status"] == "APPROVED"
        for canary in CANARY.findall(row["text"])
    }
    for client in run.clients:
        for where, message in _of_others(run, client):
            for canary in set(CANARY.findall(json.dumps(message))) - visible:
                yield f"{where} of {client.name} shows {canary}, which is hidden"
    yield from _check_search(run)


def _of_others(run: Run, client: Client) -> Iterator[tuple[str, Any]]:
    """Return what a device shows of other people's messages, and what it would load."""
    rooms = {each: room for each, room in client.rooms.items() if room.is_wanted}
    shown = [("a device", message) for room in rooms.values() for message in room.messages.values()]
    if client.is_here:
        shown += [("the history", message) for message in run.loaded[client.id]]
        lists = (client.own.rooms, run.loaded_state[client.id][1])
        shown += [
            ("the list of rooms", room["last_message"])
            for listed in lists
            for room in listed.values()
            if room["id"] in rooms and room.get("last_message")
        ]
    for where, message in shown:
        if message["author"]["id"] != client.id:
            yield where, message


def _check_search(run: Run) -> Iterator[str]:
    """What was shown and then blocked is not found."""
    taken_down = [row for row in run.messages.values() if row["mode"] == MODE and _is_down(row)]
    for row in taken_down[:SEARCHES]:
        readers = [
            client
            for client in run.clients
            if client.id != row["author"] and client.is_here and row["room"] in client.rooms
        ]
        (canary,) = CANARY.findall(row["text"])
        path = f"chat/rooms/{row['room']}/search/?q={canary}"
        if readers and run.crowd.do(readers[0].ask("GET", path))["results"]:
            yield f"{readers[0].name} finds {canary}, which is hidden"


def _is_down(row: Row) -> bool:
    return bool(row["status"] == "REJECTED" and row["seq"])


def check_verdicts_took_effect(run: Run) -> Iterator[str]:
    """I5: a message is as its verdict says, until people act on it.

    A verdict that holds what was shown leaves it visible, as in mode `post`.
    """
    verdicts = {(log["id"], log["revision"]): log["verdict"] for log in run.logs if log["machine"]}
    for row in run.messages.values():
        if row["mode"] != MODE or row["revision"] > 1 or row["status"] == "REMOVED":
            continue
        if run.ruled.get(row["id"]):
            continue
        verdict = verdicts.get((row["id"], 1))
        if verdict == "HOLD" and (row["id"], 1) in run.shown_at_once:
            verdict = "ALLOW"
        if verdict and row["status"] != STATUS[verdict]:
            yield f"{row['id']} is {row['status']} and was judged {verdict}"


STATUS = {"ALLOW": "APPROVED", "FLAG": "APPROVED", "HOLD": "HELD", "BLOCK": "REJECTED"}


def check_authors_know_why(run: Run) -> Iterator[str]:
    """I4: a fresh load tells the author of each refused text the reason."""
    for user_id, messages in run.loaded.items():
        for message in messages:
            own = (message, message.get("edit") or {}) if message["author"]["id"] == user_id else ()
            for each in own:
                if each.get("status") in {"REJECTED", "HELD"} and not each.get("reason"):
                    yield f"{message['id']} is {each['status']}, and its author sees no reason"


# What happens in each run of full length: `effects` has none that is 0.
EFFECTS = ("show at once", "stop", "take down")


def effects(run: Run) -> dict[str, int]:
    """Return how many texts took each way through a room of mode `optimistic`."""
    verdicts = [log for log in run.logs if log["machine"] and log["shown"]]
    return {
        "show at once": sum(send.is_shown_at_once for _, send in run.sends),
        "take down": sum(log["verdict"] == "BLOCK" for log in verdicts),
        "stop": sum(is_stopped(row) for row in run.texts),
    }


def gather(crowd: Crowd, names: tuple[str, ...], others: list[Client]) -> tuple[list[Client], str]:
    """Return careful people, and the room that they share with others."""
    careful = [crowd.joins(name) for name in names]
    return careful, crowd.room(*careful, *others, mode=MODE)
