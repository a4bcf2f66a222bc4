"""Every Prometheus metric of the product is declared here."""

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

ACKNOWLEDGED = Counter(
    "moderado_messages_acknowledged_total", "Messages confirmed to their author", ["door"]
)
VERDICTS = Counter("moderado_verdicts_total", "Verdicts applied", ["outcome", "decided_by"])
VERDICT_SECONDS = Histogram("moderado_verdict_seconds", "From queued to judged", buckets=_SECONDS)
OLDEST_PENDING = Gauge(
    "moderado_oldest_pending_seconds",
    "Age of what has waited longest for a verdict",
    multiprocess_mode="mostrecent",
)
SOCKETS = Gauge("moderado_sockets", "Open WebSockets", multiprocess_mode="livesum")
DELIVERIES = Counter("moderado_deliveries_total", "Room frames handed to sockets")
GAPS_HEALED = Counter(
    "moderado_gaps_healed_total", "Changes found in the database, no hint having come", ["found_by"]
)
DROPPED = Counter("moderado_dropped_total", "Hints and slow sockets given up", ["what"])
PROVIDER_CALLS = Counter(
    "moderado_provider_calls_total", "Contents put before a provider", ["provider", "result"]
)
PROVIDER_SECONDS = Histogram(
    "moderado_provider_seconds", "Time a provider took for a batch", ["provider"], buckets=_SECONDS
)
BREAKERS = Counter(
    "moderado_provider_breaker_total", "Breakers opened and closed", ["provider", "event"]
)
REFUSED = Counter("moderado_refused_total", "Requests and frames refused", ["door", "code"])
