"""A channel layer that loses, repeats and reorders what it is given: the real one, mistreated."""

import os
import random
import threading
from typing import Any

from moderado.realtime.pubsub.layer import ChatLayer

LATEST = 0.15  # seconds by which a hint may be late


class Unreliable(ChatLayer):
    """`LAYER_LOSES` is the share that never arrives, `LAYER_COPIES` how often the rest does, each
    at a moment of its own."""

    def send_now(self, channel: str, message: dict[str, Any]) -> None:
        if random.random() < float(os.environ["LAYER_LOSES"]):
            return
        for _ in range(int(os.environ["LAYER_COPIES"])):
            late = threading.Timer(
                random.uniform(0, LATEST), super().send_now, (channel, dict(message))
            )
            late.daemon = True
            late.start()
