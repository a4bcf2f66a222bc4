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


class QueueLoadBody(serializers.Serializer[Any]):
    """Cases a day, estimated from the newest decisions. A backtest reads all of them."""

    sample = serializers.IntegerField(help_text="Decisions that were judged anew.")
    before = serializers.FloatField()
    after = serializers.FloatField(help_text="If the version were enabled.")


class BacktestBody(serializers.Serializer[Any]):
    """The newest backtest of the version: `GET /api/moderation/evaluations/{id}/`."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=["queued", "running", "done", "failed", "cancelled"])
