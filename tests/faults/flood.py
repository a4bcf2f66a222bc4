"""Large backlogs."""

from tests.factories import QUEUE
from tests.faults.client import Client
from tests.faults.cluster import Cluster


def flood(cluster: Cluster, room: str, author: Client, count: int) -> None:
    """Insert queued messages directly into the database, without any wake-up."""
    values = {"room": room, "author": author.id, "text": "enxurrada #", "count": count}
    cluster.postgres.ask(QUEUE, values)
