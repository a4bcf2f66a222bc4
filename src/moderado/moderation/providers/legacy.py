"""Reads the answers of providers that were written for older releases.

They returned an `Assessment` with an outcome. It becomes a signal that recommends this outcome, so
that such a provider decides as before. A warning names it once for each process.
"""

from typing import Any

import structlog

from moderado.moderation.types import Assessment, Match, Signal

log = structlog.get_logger(__name__)

_warned: set[str] = set()


def signal_of(provider: str, answer: Any) -> Any:
    """Return an assessment as a signal, and any other answer as it is.

    Raises:
        TypeError, AttributeError: The fields of the assessment have other types than declared.
    """
    if not isinstance(answer, Assessment):
        return answer
    if provider not in _warned:
        _warned.add(provider)
        log.warning("provider_returns_deprecated_assessment", provider=provider)
    if answer.outcome is None:
        raise TypeError("an assessment has an outcome")
    return Signal(
        provider=answer.provider,
        model=answer.model,
        scores=answer.categories,
        matches=tuple(
            Match(
                start=span.start,
                end=span.end,
                rule=span.rule,
                category=span.category,
                severity=answer.categories.get(span.category, 1.0),
            )
            for span in answer.spans
        ),
        recommendation=answer.outcome,
        cost=answer.cost,
        latency=answer.latency,
        raw=answer.raw,
    )
