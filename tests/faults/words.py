"""Texts that can be found again wherever they turn up, and very many at once."""

from uuid import uuid4

from tests.faults.client import Client
from tests.faults.cluster import Cluster


def a_text(number: int = 0, *, outcome: str = "") -> str:
    """A unique text; with an outcome (BLOCK, HOLD, FLAG), one that the judge gives that verdict."""
    return f"mensagem {number} canary{uuid4().hex[:16]} {outcome}".strip()


def flood(cluster: Cluster, room: str, author: Client, count: int) -> None:
    """So many messages that wait, put there behind the product's back: nobody rings for them."""
    cluster.postgres.ask(
        """
        INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
            revision, status, reason, categories, position, seq, edit_reason, edit_categories,
            queued_at, fence, attempts)
        SELECT uuidv7(), now(), %s, %s, 'flood-' || n, '\\x00', 'enxurrada ' || n,
            1, 'PENDING', '', '{}', 0, 0, '', '{}', now(), 0, 0
          FROM generate_series(1, %s) AS n
        """,
        room,
        author.id,
        count,
    )
