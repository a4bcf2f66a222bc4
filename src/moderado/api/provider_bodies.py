"""Response bodies of providers, and of the shadow of a policy."""

from typing import Any

from rest_framework import serializers

from moderado.api.fields import ActIdField
from moderado.api.schemas import StrictInput
from moderado.moderation.services.policy_documents import REASON_LENGTH


class SpentBody(serializers.Serializer[Any]):
    """What the calls of today (UTC) took from the budgets that are set."""

    day = serializers.DateField()
    calls = serializers.IntegerField()
    tokens = serializers.IntegerField(help_text="Of the last minute in which a call was made.")
    cost = serializers.DecimalField(
        max_digits=18, decimal_places=9, allow_null=True, help_text="Null without such a budget."
    )


class ShadowAgreementBody(serializers.Serializer[Any]):
    """The last 30 days of the provider as a shadow of a policy."""

    policy = serializers.CharField()
    pairs = serializers.IntegerField(help_text="Texts with both verdicts.")
    kappa = serializers.FloatField(
        allow_null=True, help_text="Cohen's kappa of hidden or shown; null if chance explains all."
    )


class ProviderBody(serializers.Serializer[Any]):
    """A configured provider."""

    name = serializers.CharField()
    is_remote = serializers.BooleanField()
    breaker = serializers.ChoiceField(choices=["closed", "open"])
    open_until = serializers.DateTimeField(allow_null=True)
    rests_until = serializers.DateTimeField(
        allow_null=True, help_text="The rest period that the service asked for."
    )
    recent_failures = serializers.IntegerField(help_text="Of the last 20 calls.")
    spent = SpentBody(allow_null=True, help_text="Null without calls under a budget today.")
    shadow_spent = SpentBody(allow_null=True, help_text="The same of its calls as a shadow.")
    latency = serializers.DictField(
        child=serializers.FloatField(), help_text="`p50` and `p95` of recent answers, in seconds."
    )
    agreement = ShadowAgreementBody(many=True)


class ProvidersBody(serializers.Serializer[Any]):
    results = ProviderBody(many=True)


class ShadowInput(StrictInput):
    client_id = ActIdField()
    version = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="The version; null ends the shadow."
    )
    sample = serializers.FloatField(
        default=0.1, min_value=0, max_value=1, help_text="The share of texts that it judges."
    )
    reason = serializers.CharField(
        max_length=REASON_LENGTH, required=False, allow_blank=True, default=""
    )


class ShadowBody(serializers.Serializer[Any]):
    """The version that judges a sample beside the enabled one, without effect."""

    policy = serializers.CharField(source="name")
    enabled = serializers.IntegerField(source="enabled.number", allow_null=True, default=None)
    version = serializers.IntegerField(source="shadow.number", allow_null=True, default=None)
    sample = serializers.FloatField(source="shadow_sample")
