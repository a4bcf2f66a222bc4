"""How the worker takes a task off the queue: what is malformed is thrown away, and only that.

Celery's own way raises whatever it stumbles upon. That ends its connection, the message is put
back and taken again, for ever, and nothing behind it is ever carried out.
"""

from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.exceptions import InvalidTaskError
from celery.worker.strategy import default


def strict(task: Task[..., Any], app: Celery, consumer: Any, **options: Any) -> Callable[..., None]:
    """Celery's strategy, which calls a malformed message invalid: the worker rejects those."""
    take = default(task, app, consumer, **options)

    def take_or_reject(message: Any, *arguments: Any, **more: Any) -> None:
        try:
            take(message, *arguments, **more)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InvalidTaskError(type(error).__name__) from None

    return take_or_reject
