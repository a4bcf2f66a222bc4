"""Builds the providers of `settings.MODERATION_PROVIDERS`, in order, once for each process."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from moderado.moderation.decide import CompiledPolicy, ProviderTerms, Threshold
from moderado.moderation.providers.base import (
    DEFAULT_TIMEOUT,
    MAX_TIMEOUT,
    Budget,
    ConfiguredProvider,
    OnError,
    OnUnknown,
    Provider,
    accepts_idempotency_keys,
)
from moderado.moderation.types import Category

MAX_NAME_LENGTH = 48  # with the longest step behind it, a name fits into a log line's column
_KEYS = {"BACKEND", "OPTIONS", "TIMEOUT", "ON_ERROR", "ON_UNKNOWN", "BUDGET"}


@cache
def _built() -> tuple[tuple[ConfiguredProvider, ...], list[str]]:
    return build(settings.MODERATION_PROVIDERS)


def configuration_errors() -> list[str]:
    """Return the errors of the configuration.

    Called at start, so that rules are compiled before the first message and shared by forked
    processes.
    """
    return _built()[1]


def configured_providers() -> tuple[ConfiguredProvider, ...]:
    """Return the configured providers.

    Raises:
        ImproperlyConfigured: The configuration has errors; the message lists all of them.
    """
    built, wrong = _built()
    if wrong:
        raise ImproperlyConfigured("MODERATION_PROVIDERS: " + " · ".join(wrong))
    return built


@cache
def is_remote() -> bool:
    """Tell whether any provider uses the network."""
    return any(configured.provider.remote for configured in configured_providers())


@cache
def configured_policy() -> CompiledPolicy:
    """Return the policy that the configuration alone describes."""
    configured = configured_providers()
    proposed = {name: Threshold(**row) for name, row in proposed_thresholds(configured).items()}
    return CompiledPolicy(
        version=_configuration_version(),
        rules=[getattr(each.provider, "effects", {}) for each in configured],
        thresholds={Category(name): row for name, row in proposed.items() if name != "any"},
        any_threshold=proposed.get("any"),
        providers={
            each.name: ProviderTerms(on_error=each.on_error.value, on_unknown=each.on_unknown.value)
            for each in configured
        },
    )


def proposed_thresholds(
    configured: Iterable[ConfiguredProvider],
) -> dict[str, Mapping[str, Any]]:
    """Return the rows that providers propose for their own scores, by category or `any`.

    A provider has them as `default_thresholds`. Stored policies have rows of their own.
    """
    rows: dict[str, Mapping[str, Any]] = {}
    for each in configured:
        rows |= getattr(each.provider, "default_thresholds", {})
    return rows


def _configuration_version() -> str:
    """Return a digest that is equal in every process with equal providers, options and rules."""
    parts: list[Any] = [
        [
            configured.name,
            getattr(configured.provider, "version", ""),
            configured.timeout,
            configured.on_error,
            configured.on_unknown,
        ]
        for configured in configured_providers()
    ]
    written = json.dumps([parts, settings.MODERATION_PROVIDERS], sort_keys=True, default=repr)
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def build(entries: Iterable[Any]) -> tuple[tuple[ConfiguredProvider, ...], list[str]]:
    """Build the providers.

    Returns:
        The configured providers, and a sentence for every invalid entry.
    """
    built: list[ConfiguredProvider] = []
    wrong: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            built.append(_configured(entry))
        except Exception as error:  # noqa: BLE001  (a provider may refuse its options in any way)
            wrong.append(f"provider {number}: {error}")
    named = Counter(configured.name for configured in built)
    wrong += [f"two providers are named {name!r}" for name, count in named.items() if count > 1]
    if not built and not wrong:
        wrong.append("name at least one provider")
    return tuple(built), wrong


def _configured(entry: Any) -> ConfiguredProvider:
    if not isinstance(entry, Mapping) or "BACKEND" not in entry:
        raise ValueError('an entry is {"BACKEND": "dotted.path", "OPTIONS": {…}}')
    if unknown := set(entry) - _KEYS:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
    provider = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    timeout = float(entry.get("TIMEOUT", DEFAULT_TIMEOUT))
    if not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError(f"TIMEOUT is more than 0 and at most {MAX_TIMEOUT:g} seconds")
    name = getattr(provider, "name", None)
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise ValueError(f"a provider has a name of 1 to {MAX_NAME_LENGTH} characters")
    if not isinstance(getattr(provider, "remote", None), bool) or not hasattr(provider, "assess"):
        raise ValueError("a provider says whether it is remote, and assesses")
    budget = entry.get("BUDGET")
    if budget is not None and (type(budget) is not int or budget < 0):
        raise ValueError("BUDGET is a whole number of calls a day")
    return ConfiguredProvider(
        provider=provider,
        timeout=timeout,
        on_error=OnError(entry.get("ON_ERROR", OnError.NEXT)),
        on_unknown=_on_unknown(entry, provider),
        budget=Budget(calls_per_day=budget),
    )


def _on_unknown(entry: Mapping[str, Any], provider: Provider) -> OnUnknown:
    repeats = accepts_idempotency_keys(provider)
    rule = OnUnknown(entry.get("ON_UNKNOWN", OnUnknown.REPEAT if repeats else OnUnknown.NEXT))
    if rule is OnUnknown.REPEAT and not repeats:
        raise ValueError("ON_UNKNOWN is `repeat` only for an `idempotent` remote provider")
    return rule


def _forget(*, setting: str, **_: Any) -> None:
    if setting == "MODERATION_PROVIDERS":
        for built in (_built, is_remote, configured_policy):
            built.cache_clear()


setting_changed.connect(_forget)
