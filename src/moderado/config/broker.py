"""How Celery reaches the broker: it comes back at once, and never stands still for good.

When a finished task cannot be acknowledged because the connection was reset, kombu keeps counting
it as under way. After as many of them as the worker may hold, it asks for no more work, not even
once Redis is back (kombu 5.7; seen within seconds under a broker that refused connections). For us
such a task is over: Redis gives it out once more after the visibility timeout, which is harmless.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis, virtual
from redis.exceptions import ResponseError

LONGEST_PAUSE = 2.0  # seconds between two tries to reach the broker


class QoS(redis.QoS):
    """Forgets a delivery whatever Redis says."""

    def ack(self, delivery_tag: str) -> None:
        with self._forgotten(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  (the library's)
        with self._forgotten(delivery_tag):
            super().reject(delivery_tag, requeue)

    @contextmanager
    def _forgotten(self, delivery_tag: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    """A server that refuses (out of memory, cannot write to its disk, a replica by now) is as good
    as one that is away: kombu would end the worker, which here tries again."""

    Channel = Channel

    # Celery asks the class, kombu the object, which makes its own from what the method says.
    connection_errors = (*redis.Transport.connection_errors, ResponseError)

    def _get_errors(self) -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
        return self.connection_errors, super()._get_errors()[1]  # type: ignore[misc]  # (untyped library)


class PromptConnection(Connection):
    """Tries again soon. Celery would wait up to 30 s, long after Redis is back."""

    def _ensure_connection(
        self,
        errback: Callable[..., Any] | None = None,
        max_retries: int | None = None,
        interval_start: float = 0.2,
        interval_step: float = 0.3,
        interval_max: float = LONGEST_PAUSE,
        *arguments: Any,
        **options: Any,
    ) -> Any:
        pauses: tuple[Any, ...] = interval_start, interval_step, min(interval_max, LONGEST_PAUSE)
        return super()._ensure_connection(errback, max_retries, *pauses, *arguments, **options)


class Broker(AMQP):
    Connection = PromptConnection
