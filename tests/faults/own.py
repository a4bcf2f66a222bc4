"""What one device knows of its user's messages, profile and rooms, by `sync_me` alone.

Live frames are left out on purpose: they would hide a change that the cursor passed.
"""

from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]


@dataclass(slots=True)
class OwnState:
    """The cursor of a device, and the present state of what changed up to it."""

    cursor: str = ""
    messages: dict[str, Frame] = field(default_factory=dict)
    profile: Frame = field(default_factory=dict)
    rooms: dict[str, Frame] = field(default_factory=dict)
    resets: int = 0
    rounds: int = 0  # readings that came to their end

    def take(self, answer: Frame) -> bool:
        """Apply a page; tell whether another one follows."""
        self.cursor = answer["me"]["cursor"]
        self.resets += answer["reset"]
        for message in answer["messages"]:
            known = self.messages.get(message["id"])
            if not message["seq"] and message["published_at"]:  # in a room that is not readable
                if known is None:
                    continue
                message |= {"seq": known["seq"], "position": known["position"]}
            self.messages[message["id"]] = message
        self.profile = answer["profile"] or self.profile
        self.rooms |= {room["id"]: room for room in answer["rooms"]}
        for room in answer["left_rooms"]:
            self.rooms.pop(room["id"], None)
        self.rounds += not answer["more"]
        return bool(answer["more"])
