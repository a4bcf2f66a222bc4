"""Very many messages at once."""

from tests.factories import QUEUE
from tests.faults.client import Client
from tests.faults.cluster import Cluster


def flood(cluster: Cluster, room: str, author: Client, count: int) -> None:
    """So many messages that wait, put there behind the product's back: nobody rings for them."""
    values = {"room": room, "author": author.id, "text": "enxurrada #", "count": count}
    cluster.postgres.ask(QUEUE, values)
