"""The card of an author beside a case."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.api.schemas import PersonField
from moderado.enforcement.types import ContentOutcome


class SanctionOnCardBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    reason = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)


class EarlierDecisionBody(serializers.Serializer[Any]):
    """A ruling on the author in another case."""

    id = serializers.UUIDField()
    case = serializers.UUIDField(source="case_id")
    subject_type = serializers.CharField()
    content = serializers.ChoiceField(choices=[content.value for content in ContentOutcome])
    reason = serializers.CharField()
    sanctions = serializers.SerializerMethodField(help_text="Their kinds.")
    created_at = serializers.DateTimeField()
    is_reversed = serializers.BooleanField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_sanctions(self, ruling: Any) -> list[str]:
        return [sanction.kind for sanction in ruling.sanctions.all()]


class AuthorCardBody(serializers.Serializer[Any]):
    """The author, as far as the caller's rooms go."""

    person = PersonField()
    created_at = serializers.DateTimeField(help_text="Of the account.")
    cases = serializers.IntegerField()
    removed = serializers.IntegerField(help_text="Cases whose text was removed.")
    points = serializers.IntegerField(
        help_text="Of strikes that count now: the highest sum under one policy in one scope."
    )
    sanctions = SanctionOnCardBody(many=True, help_text="In force now.")
    decisions = EarlierDecisionBody(
        many=True,
        help_text="The newest 20 rulings in other cases that the caller may see, without those on"
        " danger to children.",
    )
