"""The evidence of a run after its faults: the records of the clients and the rows."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from tests.faults.client import Client, Send
from tests.faults.cluster import Cluster
from tests.faults.crowd import Crowd
from tests.faults.enforced import Enforced, Erased
from tests.faults.moderators import Act, Moderator

Row = dict[str, Any]


def time_of_day(monotonic: float) -> str:
    """Return the UTC time of day of a moment on the monotonic clock, as logs write it."""
    moment = datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic)
    return f"{moment:%H:%M:%S.%f}"[:-4]


_MESSAGES = """
    SELECT m.id::text, m.room_id::text AS room, m.author_id::text AS author, m.client_id, m.text,
           m.revision, m.status, m.reason, m.seq, m.position, m.edit_text, m.edit_status,
           m.edit_revision, m.queued_at IS NOT NULL AS waits, r.moderation_mode AS mode,
           m.attempts, extract(epoch FROM now() - m.queued_at)::int AS waited,
           extract(epoch FROM m.lease_until - now())::int AS leased
      FROM chat_message m JOIN chat_room r ON r.id = m.room_id
"""
# Every text that is stored, in all revisions.
_TEXTS = """
    SELECT t.id::text, t.revision, t.text, t.status, m.author_id::text AS author,
           r.id::text AS room, r.moderation_mode AS mode
      FROM (
        SELECT id, revision, text, status FROM chat_message
         UNION ALL
        SELECT id, edit_revision, edit_text, edit_status FROM chat_message
         WHERE edit_text IS NOT NULL
         UNION ALL
        SELECT message_id, revision, text, status FROM chat_revision) t (id, revision, text, status)
      JOIN chat_message m USING (id) JOIN chat_room r ON r.id = m.room_id
"""
_LOGS = """
    SELECT subject_id::text AS id, revision, verdict, reason, decided_by, failures::text,
           created_at::text AS at, actor_id IS NULL AS machine, facts ? 'was_shown' AS shown
      FROM moderation_moderationlog ORDER BY created_at
"""


@dataclass
class Run:
    """The evidence of a run after its faults."""

    cluster: Cluster
    crowd: Crowd
    calm: Sequence[tuple[float, float]] = ()  # monotonic spans without faults, for I8
    removals: Sequence[tuple[Client, str, int]] = ()  # (client, room, seq) of each removal
    moderators: Sequence[Moderator] = ()
    erased: Sequence[Erased] = ()

    @cached_property
    def messages(self) -> dict[str, Row]:
        return {row["id"]: row for row in self.cluster.postgres.ask(_MESSAGES)}

    @cached_property
    def logs(self) -> list[Row]:
        return self.cluster.postgres.ask(_LOGS)

    @cached_property
    def texts(self) -> list[Row]:
        """Return every stored text with its message, revision and room."""
        return self.cluster.postgres.ask(_TEXTS)

    @cached_property
    def shown_at_once(self) -> set[tuple[str, int]]:
        """Return the revisions in rooms of mode `optimistic` that were shown, then judged."""
        return {
            (log["id"], log["revision"]) for log in self.logs if log["machine"] and log["shown"]
        }

    @cached_property
    def public_texts(self) -> list[str]:
        """Return every text that was ever public."""
        shown = [row["text"] for row in self.messages.values() if row["seq"]]
        replaced = [row["text"] for row in self.texts if self._was_public(row)]
        ruled = [text for moderator in self.moderators for text in moderator.shown]
        return [*shown, *replaced, *ruled]

    def _was_public(self, row: Row) -> bool:
        """Whether others saw an earlier revision, or an edit that was blocked afterwards."""
        if row["mode"] == "optimistic" and (row["id"], row["revision"]) in self.shown_at_once:
            return True
        return row["status"] == "APPROVED" or row["mode"] in {"post", "off"}

    @cached_property
    def heads(self) -> dict[str, int]:
        rows = self.cluster.postgres.ask("SELECT id::text, seq FROM chat_room")
        return {row["id"]: row["seq"] for row in rows}

    @cached_property
    def rooms_of(self) -> dict[str, set[str]]:
        """Return the rooms that the devices of each account listen to, by its id."""
        rooms: dict[str, set[str]] = {client.id: set() for client in self.clients}
        for client in self.clients:
            rooms[client.id] |= {
                room_id for room_id, room in client.rooms.items() if room.is_wanted
            }
        return rooms

    @cached_property
    def loaded(self) -> dict[str, list[dict[str, Any]]]:
        """Return a fresh load of these rooms for each account that has a device, by its id."""
        here = {client.id: client for client in self.clients if client.is_here}
        return {
            user_id: [
                message
                for room_id in self.rooms_of[user_id]
                for message in self.crowd.do(
                    client.history(room_id), within=120 + self.heads[room_id] / 50
                )
            ]
            for user_id, client in here.items()
        }

    @cached_property
    def loaded_state(self) -> dict[str, tuple[Row, dict[str, Row]]]:
        """Return profile and rooms of each account that has a device, by its id."""
        here = {client.id: client for client in self.clients if client.is_here}
        return {
            user_id: (
                self.crowd.do(client.profile()),
                {room["id"]: room for room in self.crowd.do(client.own_rooms())},
            )
            for user_id, client in here.items()
        }

    @cached_property
    def enforced(self) -> Enforced:
        return Enforced(self.cluster)

    @cached_property
    def ruled(self) -> dict[str, bool]:
        """Return the messages on which moderators ruled, and whether a ruling stands."""
        found: dict[str, bool] = {}
        for row in self.enforced.rulings if self.moderators else ():
            found[row["subject"]] = found.get(row["subject"], False) or not row["is_undone"]
        return found

    @cached_property
    def confirmed_within(self) -> float | None:
        """The p99 of how long messages waited for their confirmation, in seconds, without faults.

        None: too few were sent for a p99.
        """
        waits = [
            send.waited
            for _, send in self.sends
            if send.waited is not None
            and any(began <= send.invoked <= ended for began, ended in self.calm)
        ]
        return statistics.quantiles(waits, n=100)[98] if len(waits) >= 100 else None

    @property
    def acts(self) -> list[Act]:
        return [act for moderator in self.moderators for act in moderator.acts]

    @property
    def clients(self) -> list[Client]:
        return self.crowd.clients

    @property
    def sends(self) -> Iterator[tuple[Client, Send]]:
        for client in self.clients:
            for send in client.sends.values():
                yield client, send
