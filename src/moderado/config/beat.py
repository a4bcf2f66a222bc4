"""The clock: Celery's beat with the schedule and nothing else, `celery -A moderado.config.beat beat`.

It names tasks and never runs one, so it loads neither Django nor the product: half the memory.
"""

import logging.config
import os
from typing import Any

from celery import Celery, signals

# Where it is set, Celery loads Django whole.
os.environ.pop("DJANGO_SETTINGS_MODULE", None)

app = Celery("moderado")
app.config_from_object("moderado.config.queue")


@signals.setup_logging.connect
def _log_like_the_others(**_: Any) -> None:
    # Imported late: reads the configuration, which importing this module must not need.
    from moderado.config.env import env  # noqa: PLC0415
    from moderado.core.logging import configure  # noqa: PLC0415

    logging.config.dictConfig(configure(log_format=env().log_format, level=env().log_level))
