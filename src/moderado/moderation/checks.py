"""What has to be right before anything is judged: a system check, so that start-up refuses."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from moderado.moderation import registry


@register("moderation")
def providers_can_be_built(**_: Any) -> list[CheckMessage]:
    """One error for every provider that could not judge as it is configured."""
    return [
        Error(
            f"MODERATION_PROVIDERS, {mistake}.",
            hint="docs/providers.md shows how a provider is configured.",
            id="moderation.E001",
        )
        for mistake in registry.mistakes()
    ]
