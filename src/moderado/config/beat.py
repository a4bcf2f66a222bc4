"""The Celery application of beat, with the schedule: `celery -A moderado.config.beat beat`.

It sends tasks by name and runs none, so it loads neither Django nor the product: half the memory.
"""

import logging.config
from typing import Any

from celery import Celery, signals

app = Celery(
    "moderado", fixups=[], amqp="moderado.config.celery_broker:Broker"
)  # its Django fix-up would load the product
app.config_from_object("moderado.config.celery_options")


@signals.setup_logging.connect
def _log_like_the_others(**_: Any) -> None:
    # Imported late: it reads the configuration, which importing this module must not need.
    from moderado.config.env import env  # noqa: PLC0415
    from moderado.core.logging import configure  # noqa: PLC0415

    logging.config.dictConfig(configure(log_format=env().log_format, level=env().log_level))
