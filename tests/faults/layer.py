"""The real channel layer, made unreliable: it drops, repeats and reorders messages."""

import os
import random
import threading
from typing import Any

from moderado.realtime.pubsub.layer import ChatLayer

LATEST = 0.15  # seconds by which a hint may be late


class Unreliable(ChatLayer):
    """`LAYER_LOSES` is the share of dropped messages, `LAYER_COPIES` the copies of each other one.

    Each copy is delayed by a random time.
    """

    def send_now(self, channel: str, message: dict[str, Any]) -> None:
        if random.random() < float(os.environ["LAYER_LOSES"]):
            return
        for _ in range(int(os.environ["LAYER_COPIES"])):
            late = threading.Timer(
                random.uniform(0, LATEST), super().send_now, (channel, dict(message))
            )
            late.daemon = True
            late.start()
