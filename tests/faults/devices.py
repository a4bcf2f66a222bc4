"""Compares every device of a user with a fresh load of the user's rooms."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.faults.run import Run

Frame = dict[str, Any]


def check_devices_equal_a_fresh_load(run: Run) -> Iterator[str]:
    """I3: each device knows of its user's own messages what their histories contain."""
    for client in run.clients:
        if not client.is_here:
            continue
        if client.own.resets:
            yield f"{client.name} was told to load all rooms anew, and nothing was restored"
        loaded = {
            message["id"]: message
            for message in run.loaded[client.id]
            if message["author"]["id"] == client.id
        }
        rooms = run.rooms_of[client.id]
        for message_id in loaded.keys() | client.own.messages.keys():
            there = loaded.get(message_id)
            here = client.own.messages.get(message_id)
            if here is not None and (here["room"] not in rooms or _is_gone(here, there)):
                continue
            if here is None or there is None:
                yield f"{client.name} holds {message_id} as {_state(here)}, not {_state(there)}"
            elif differing := _differing(_shown(here), _shown(there)):
                yield (
                    f"{client.name} holds {message_id} as {_state(here)}, not {_state(there)}: "
                    f"{', '.join(differing)} differ"
                )


def check_profiles_and_rooms_equal_a_fresh_load(run: Run) -> Iterator[str]:
    """I3: each device has the profile and the rooms of its user."""
    for client in run.clients:
        if not client.is_here or client.own.resets:
            continue
        profile, rooms = run.loaded_state[client.id]
        if differing := _differing(_stated(client.own.profile), _stated(profile)):
            yield f"{client.name} holds another profile: {', '.join(differing)} differ"
        for room_id in rooms.keys() | client.own.rooms.keys():
            here, there = client.own.rooms.get(room_id), rooms.get(room_id)
            if here is None or there is None:
                yield f"{client.name} {'lacks' if here is None else 'still has'} room {room_id}"
            elif differing := _differing(_stated(here), _stated(there)):
                yield f"{client.name} holds another room {room_id}: {', '.join(differing)} differ"


def _stated(state: Mapping[str, Any]) -> dict[str, Any]:
    """What changes with the profile or room: as `_shown` of the parts."""
    parts = {"last_message", "name_change"}
    return {
        name: _shown(value) if name in parts and value else value for name, value in state.items()
    }


def _is_gone(here: Frame, there: Frame | None) -> bool:
    return there is None and here["status"] == "REMOVED"


def _shown(message: Mapping[str, Any]) -> dict[str, Any]:
    """What changes with the message: neither its author's name, nor the reader's language."""
    return {
        name: _shown(value) if name == "edit" else value
        for name, value in message.items()
        if name not in {"author", "explanation"}
    }


def _differing(here: Mapping[str, Any], there: Mapping[str, Any]) -> list[str]:
    return [name for name in here.keys() | there.keys() if here.get(name) != there.get(name)]


def _state(message: Frame | None) -> str:
    if message is None:
        return "nothing"
    edit = message.get("edit")
    beside = f" with {edit['revision']} {edit['status']}" if edit else ""
    return f"{message['revision']} {message['status']} at {message['seq']}{beside}"
