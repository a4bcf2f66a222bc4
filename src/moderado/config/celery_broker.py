"""Celery's connection to the broker: quick reconnects, and no stall after failures (ADR 0024).

What a task may wait is measured by the clock of the broker, which all hosts share (ADR 0170).

When a finished task cannot be acknowledged because the connection was reset, kombu counts it as
unfinished. After as many of them as the prefetch limit, the worker takes no more tasks, even when
Redis is back (kombu 5.7; seen within seconds under a broker that refuses connections). Here such a
task counts as finished: Redis delivers it again after the visibility timeout, which is harmless.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis, virtual
from redis.exceptions import ResponseError

from moderado.config.celery_clocks import on_clock_of_broker
from moderado.core.redis import WITHOUT_VERSION

LONGEST_PAUSE = 2.0  # seconds between two connection attempts


class QoS(redis.QoS):
    """Counts a delivery as finished even if Redis could not be notified."""

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

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  (as kombu's)
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]  # (untyped)
        return params | WITHOUT_VERSION

    def _put(self, queue: str, message: dict[str, Any], **options: Any) -> None:
        headers = on_clock_of_broker(message["headers"], self)
        super()._put(queue, {**message, "headers": headers}, **options)


class Transport(redis.Transport):
    """Treat a refusing server (out of memory, read-only, replica) like an unreachable one.

    kombu would end the worker; here it reconnects.
    """

    Channel = Channel

    # Celery asks the class, kombu the instance, which builds its own from the method's result.
    connection_errors = (*redis.Transport.connection_errors, ResponseError)

    def _get_errors(self) -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
        return self.connection_errors, super()._get_errors()[1]  # type: ignore[misc]  # (untyped library)


class PromptConnection(Connection):
    """Reconnects quickly. Celery would wait up to 30 s."""

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
