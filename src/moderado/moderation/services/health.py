"""The circuit breaker and rest period of each provider, shared by all workers.

The breaker opens when 5 of the last 20 outcomes failed. For 10 s no call is made; then one probe
decides whether it closes (ADR 0010). Without failures, a batch reads at most one row for each
provider and writes none.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection
from django.db.models.functions import Now

from moderado.core.database import require_transaction
from moderado.core.metrics import BREAKERS
from moderado.moderation.models import ProviderHealth
from moderado.moderation.types import Failure, Fault, Signal

log = structlog.get_logger(__name__)

WINDOW = 20  # outcomes
FAILURE_THRESHOLD = 5  # failures among them open the breaker
OPEN_FOR = timedelta(seconds=10)

_WINDOW_MASK = (1 << WINDOW) - 1
_FAILURES = frozenset({Fault.NOT_DONE, Fault.EXHAUSTED, Fault.UNKNOWN})

_READ = """
    SELECT provider, open_until IS NOT NULL, open_until <= statement_timestamp(),
           coalesce(extract(epoch FROM rests_until - statement_timestamp()), 0)
      FROM moderation_providerhealth WHERE provider = ANY(%s)
"""

_FAILED = """
    INSERT INTO moderation_providerhealth AS health (provider, outcomes)
    VALUES (%(provider)s, %(bits)s)
    ON CONFLICT (provider) DO UPDATE
       SET outcomes = ((health.outcomes << %(number)s) | %(bits)s) & %(all)s
     WHERE health.open_until IS NULL
    RETURNING outcomes
"""

# Without recent failures this finds no row and writes none.
_SUCCEEDED = """
    UPDATE moderation_providerhealth SET outcomes = (outcomes << %(number)s) & %(all)s
     WHERE provider = %(provider)s AND outcomes > 0 AND open_until IS NULL
"""

_REST = """
    INSERT INTO moderation_providerhealth AS health (provider, outcomes, rests_until)
    VALUES (%(provider)s, 0, statement_timestamp() + %(rest)s)
    ON CONFLICT (provider) DO UPDATE
       SET rests_until = greatest(health.rests_until, excluded.rests_until)
"""


@dataclass(frozen=True, slots=True)
class Health:
    """Why a provider must not be called now."""

    is_open: bool = False
    is_due: bool = False  # open, and due for the probe that may close it
    rest: float = 0.0  # seconds


Answer = Signal | Failure


def read(providers: Collection[str]) -> Mapping[str, Health]:
    """Return the state of each provider that has one."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list(providers)])
        return {
            name: Health(is_open, bool(is_due), max(float(rest), 0.0))
            for name, is_open, is_due, rest in cursor.fetchall()
        }


def claim_probe(provider: str) -> bool:
    """Claim the one probe of an open breaker; return whether this caller may make it."""
    due = ProviderHealth.objects.filter(provider=provider, open_until__lte=Now())
    return due.update(open_until=Now() + OPEN_FOR) == 1


def record(provider: str, answers: Sequence[Answer], *, probed: Answer | None) -> list[str]:
    """Record how calls ended. Requires a transaction.

    Args:
        provider: The provider's name.
        answers: The results of the calls, in order.
        probed: The answer to the probe, if one of the calls was one.

    Returns:
        The breaker's events, for `log_events` after the commit.
    """
    require_transaction()
    rest = max(_rest(each) for each in answers)
    if rest > 0:
        _store_rest(provider, rest)
    if probed is not None:
        return _close_or_wait(provider, closes=not _is_failure(probed))
    outcomes = [_is_failure(each) for each in answers if not _is_busy(each)][-WINDOW:]
    bits = sum(failed << position for position, failed in enumerate(reversed(outcomes)))
    return _count(provider, bits, len(outcomes))


def log_events(provider: str, events: Sequence[str]) -> None:
    """Log and count the events that `record` returned. Call it after the commit."""
    for event in events:
        BREAKERS.labels(provider=provider, event=event).inc()
        if event == "opened":
            log.error("breaker_opened", provider=provider)
        else:
            log.info("breaker_closed", provider=provider)


def _count(provider: str, bits: int, number: int) -> list[str]:
    values: dict[str, Any] = {
        "provider": provider,
        "bits": bits,
        "number": number,
        "all": _WINDOW_MASK,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FAILED if bits else _SUCCEEDED, values)
        row = cursor.fetchone() if bits else None
    if row is None or row[0].bit_count() < FAILURE_THRESHOLD:
        return []
    ProviderHealth.objects.filter(provider=provider).update(open_until=Now() + OPEN_FOR, outcomes=0)
    return ["opened"]


def _close_or_wait(provider: str, *, closes: bool) -> list[str]:
    still_open = ProviderHealth.objects.filter(provider=provider, open_until__isnull=False)
    if closes:
        return ["closed"] if still_open.update(open_until=None, outcomes=0) else []
    still_open.update(open_until=Now() + OPEN_FOR)
    return []


def _store_rest(provider: str, seconds: float) -> None:
    values: dict[str, Any] = {"provider": provider, "rest": timedelta(seconds=seconds)}
    with connection.cursor() as cursor:
        cursor.execute(_REST, values)


def _is_failure(answer: Answer) -> bool:
    """Tell whether an answer counts against the provider; an unusual text does not."""
    return isinstance(answer, Failure) and answer.fault in _FAILURES


def _rest(answer: Answer) -> float:
    """Return the rest period that the provider asked for, in seconds."""
    if not isinstance(answer, Failure) or answer.fault is not Fault.BUSY:
        return 0.0
    return answer.retry_after or 0.0


def _is_busy(answer: Answer) -> bool:
    return isinstance(answer, Failure) and answer.fault is Fault.BUSY
