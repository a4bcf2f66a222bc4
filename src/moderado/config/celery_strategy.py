"""How the worker takes a task from the queue: malformed messages are rejected.

Celery's own strategy raises whatever error a malformed message causes. That closes the connection,
the message returns to the queue and is taken again, for ever, and blocks everything behind it.
"""

from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.exceptions import InvalidTaskError
from celery.worker.strategy import default

from moderado.config.celery_clocks import on_own_clock


def strict(task: Task[..., Any], app: Celery, consumer: Any, **options: Any) -> Callable[..., None]:
    """Wrap Celery's strategy: report a malformed message as invalid, which the worker rejects.

    How long the message may wait is measured by the clock of the broker.
    """
    take = default(task, app, consumer, **options)

    def take_or_reject(message: Any, *arguments: Any, **more: Any) -> None:
        try:
            message.headers = on_own_clock(message.headers, message.channel)
            take(message, *arguments, **more)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InvalidTaskError(type(error).__name__) from None

    return take_or_reject
