"""What was found in a version of a policy: part of answers and of errors."""

from typing import Any

from rest_framework import serializers

from moderado.moderation.types import Outcome

_OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]


class ExampleBody(serializers.Serializer[Any]):
    """An example of the policy with another outcome than its rule demands."""

    rule = serializers.CharField()
    text = serializers.CharField()
    expected = serializers.ChoiceField(choices=["hold", "pass"])
    outcome = serializers.ChoiceField(choices=_OUTCOMES)


class FairnessBody(serializers.Serializer[Any]):
    """How many neutral sentences about identities are held or blocked."""

    sentences = serializers.IntegerField()
    held = serializers.IntegerField()
    share = serializers.FloatField()
    limit = serializers.FloatField()
    enabled_held = serializers.IntegerField(
        allow_null=True, help_text="By the version that is enabled now."
    )
    is_worse = serializers.BooleanField(help_text="Enabling it needs `confirm_fairness`.")
