"""Every Prometheus metric of the product is declared here."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

ACKNOWLEDGED = Counter(
    "moderado_messages_acknowledged_total",
    "Messages acknowledged to their author",
    ["entry_point"],
)
VERDICTS = Counter("moderado_verdicts_total", "Verdicts applied", ["outcome", "decided_by"])
VERDICT_SECONDS = Histogram(
    "moderado_verdict_seconds", "Time from queueing to verdict", buckets=_SECONDS
)
EXPOSED_TEXTS = Counter(
    "moderado_exposed_texts_total", "Texts that others saw before they were blocked", ["mode"]
)
EXPOSURE = Counter(
    "moderado_exposure_reader_seconds_total",
    "Seconds for which others saw texts that were blocked later, times their readers",
    ["mode"],
)
OLDEST_PENDING = Gauge(
    "moderado_oldest_pending_seconds",
    "Age of the message that has waited longest for a verdict",
    multiprocess_mode="mostrecent",
)
SOCKETS = Gauge("moderado_sockets", "Open WebSockets", multiprocess_mode="livesum")
DELIVERIES = Counter("moderado_deliveries_total", "Room frames queued for sockets")
GAPS_REPAIRED = Counter(
    "moderado_gaps_repaired_total",
    "Changes read from the database because no hint announced them",
    ["found_by"],
)
DROPPED = Counter(
    "moderado_dropped_total", "Dropped hints, and closed slow and flooding sockets", ["kind"]
)
LOOP_STALLS = Histogram(
    "moderado_event_loop_stall_seconds",
    "Delays of 50 ms and more of an event loop that serves WebSockets",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PROVIDER_CALLS = Counter(
    "moderado_provider_calls_total", "Contents sent to a provider", ["provider", "result"]
)
PROVIDER_SECONDS = Histogram(
    "moderado_provider_seconds", "Duration of a provider call", ["provider"], buckets=_SECONDS
)
BREAKERS = Counter("moderado_provider_breaker_total", "Breaker changes", ["provider", "event"])
SIGN_INS = Counter("moderado_sign_ins_total", "Sign-in attempts", ["entry_point", "outcome"])
REFUSED = Counter("moderado_refused_total", "Requests and frames refused", ["entry_point", "code"])
ROW_FAILURES = Counter(
    "moderado_row_failures_total", "Rows on which a periodic task failed, and tries again", ["task"]
)

# The name of a queue, its open cases, the age of the oldest in seconds, and its target.
QueueRow = tuple[str, int, int | None, int | None]


class QueueCollector(Collector):
    """The queues of cases, read when they are asked for: no label outlives its queue.

    Args:
        read: Returns the queues.
    """

    def __init__(self, read: Callable[[], Iterable[QueueRow]]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Read the queues."""
        labels = ["queue"]
        count = GaugeMetricFamily(
            "moderado_queue_open_cases", "Open cases of a queue", labels=labels
        )
        oldest = GaugeMetricFamily(
            "moderado_queue_oldest_seconds", "Age of its oldest open case, or 0", labels=labels
        )
        target = GaugeMetricFamily(
            "moderado_queue_target_seconds", "Within which cases are to be decided", labels=labels
        )
        for name, open_cases, age, seconds in self._read():
            count.add_metric([name], open_cases)
            oldest.add_metric([name], age or 0)
            if seconds is not None:
                target.add_metric([name], seconds)
        yield from (count, oldest, target)
