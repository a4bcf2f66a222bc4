"""What one device knows of its user's own messages, by `sync_me` and `me/changes/` alone.

Live frames are left out on purpose: they would hide a change that the cursor passed.
"""

from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]


@dataclass(slots=True)
class OwnMessages:
    """The cursor of a device, and the present state of what changed up to it."""

    cursor: str = ""
    messages: dict[str, Frame] = field(default_factory=dict)
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
        self.rounds += not answer["more"]
        return bool(answer["more"])
