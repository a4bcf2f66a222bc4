"""System checks of the moderation configuration: start-up refuses an invalid one."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from moderado.moderation import registry


@register("moderation")
def providers_can_be_built(**_: Any) -> list[CheckMessage]:
    """Report one error for every provider that could not work as configured."""
    return [
        Error(
            f"MODERATION_PROVIDERS, {mistake}.",
            hint="docs/providers.md shows how a provider is configured.",
            id="moderation.E001",
        )
        for mistake in registry.configuration_errors()
    ]
