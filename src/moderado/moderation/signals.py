"""Stored signals: as JSON in the ledger and in the log, from where replay reads them."""

from collections.abc import Mapping
from typing import Any

from moderado.moderation.types import Category, Match, Outcome, Signal, Usage


def encode(signal: Signal) -> dict[str, Any]:
    """Return a signal as JSON, without its provider's name and without what it wrote (`raw`)."""
    return encode_numbers(signal) | {
        "matches": [encode_match(match) for match in signal.matches],
        # Read by workers of the previous release during an update.
        "outcome": (signal.recommendation or Outcome.HOLD).value,
        "categories": {name.value: score for name, score in signal.scores.items()},
        "spans": [[m.start, m.end, m.rule, m.category.value] for m in signal.matches],
    }


def encode_measured(signal: Signal) -> dict[str, Any]:
    """Return what a log line keeps of a signal: neither text nor matches, nor empty fields."""
    return {name: value for name, value in encode_numbers(signal).items() if value}


def encode_numbers(signal: Signal) -> dict[str, Any]:
    """Return the numbers of a signal."""
    recommendation = signal.recommendation
    return {
        "model": signal.model,
        "scores": {name.value: score for name, score in signal.scores.items()},
        "recommendation": recommendation.value if recommendation else None,
        "cost": signal.cost,
        "latency": signal.latency,
    }


def encode_match(match: Match) -> dict[str, Any]:
    """Return a match as JSON, without the fields that have their default value."""
    written: dict[str, Any] = {
        "rule": match.rule,
        "category": match.category.value,
        "start": match.start,
        "end": match.end,
        "severity": match.severity,
    }
    if match.usage is not Usage.PLAIN:
        written["usage"] = match.usage.value
    if match.reading:
        written["reading"] = match.reading
    if not match.is_certain:
        written["is_certain"] = False
    return written


def decode(provider: str, stored: Mapping[str, Any]) -> Signal:
    """Return a stored signal. An answer that an older release stored recommends its outcome."""
    recommendation = stored.get("recommendation", stored.get("outcome"))
    return Signal(
        provider=provider,
        model=stored.get("model", ""),
        scores=_scores(stored.get("scores", stored.get("categories", {}))),
        matches=tuple(map(decode_match, stored.get("matches") or _spans(stored))),
        recommendation=Outcome(recommendation) if recommendation else None,
        cost=stored.get("cost", 0.0),
        latency=stored.get("latency", 0.0),
        raw=stored.get("raw", {}),
    )


def decode_match(stored: Mapping[str, Any]) -> Match:
    """Return a stored match."""
    return Match(
        start=stored["start"],
        end=stored["end"],
        rule=stored["rule"],
        category=Category(stored["category"]),
        severity=stored.get("severity", 1.0),
        usage=_usage(stored.get("usage", Usage.PLAIN.value)),
        reading=stored.get("reading", ""),
        is_certain=stored.get("is_certain", True),
    )


def _usage(stored: str) -> Usage:
    """Return a stored use. One that a newer release knows, while it replaces this one, is plain."""
    try:
        return Usage(stored)
    except ValueError:
        return Usage.PLAIN


def _scores(stored: Mapping[str, float]) -> dict[Category, float]:
    return {Category(name): score for name, score in stored.items()}


def _spans(stored: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"start": start, "end": end, "rule": rule, "category": category}
        for start, end, rule, category in stored.get("spans", ())
    ]
