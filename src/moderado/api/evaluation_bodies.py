"""Request and response bodies of evaluations."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.api.fields import ClientIdField, IdField
from moderado.api.schemas import PersonField, StrictInput
from moderado.moderation.blind_cases import shown_results
from moderado.moderation.services.evaluation_kinds import KINDS
from moderado.moderation.services.evaluations import MAX_LIMIT

MAX_NAME = 48
OPTIONS = ("rate",)  # fields of `EvaluationInput` that only one kind reads
STATES = ("queued", "running", "done", "failed", "cancelled")


class EvaluationInput(StrictInput):
    """What to evaluate. The default window is the last 30 days."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    policy = serializers.CharField(max_length=MAX_NAME, required=False, allow_null=True)
    version = serializers.IntegerField(
        min_value=1,
        required=False,
        allow_null=True,
        help_text="A version of the policy; it need not be enabled.",
    )
    since = serializers.DateTimeField(required=False, allow_null=True)
    until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Exclusive; now unless given."
    )
    room = IdField(required=False, allow_null=True)
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MAX_LIMIT,
        required=False,
        allow_null=True,
        help_text="Only the newest decisions, so many.",
    )
    rate = serializers.FloatField(
        min_value=0,
        max_value=1,
        required=False,
        help_text="Of `calibration`: the wanted share of false holds, .01 unless given.",
    )
    client_id = ClientIdField()


class ProgressBody(serializers.Serializer[Any]):
    done = serializers.IntegerField(help_text="Decisions read.")
    total = serializers.IntegerField(allow_null=True, help_text="Null until it is counted.")


class EvaluationSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=list(KINDS))
    state = serializers.ChoiceField(choices=STATES)
    policy = serializers.CharField(source="policy.name", allow_null=True, default=None)
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    limit = serializers.IntegerField(allow_null=True)
    progress = ProgressBody()
    error = serializers.CharField(allow_blank=True, help_text="A code, if it failed.")
    requested_by = PersonField(allow_null=True, help_text="Null for the command line.")
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class EvaluationBody(EvaluationSummary):
    results = serializers.SerializerMethodField()

    @extend_schema_field(
        serializers.DictField(help_text="Of what was read so far: docs/changing-policies.md.")
    )
    def get_results(self, evaluation: Any) -> dict[str, Any]:
        return shown_results(evaluation)
