"""Bodies that explain decisions: of stored ones, and of texts that are tried."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.api.fields import IdField
from moderado.api.moderation_bodies import OUTCOMES, FailureBody, LogBody, MatchBody
from moderado.api.schemas import StrictInput
from moderado.chat.models import Membership, Room
from moderado.moderation.services.explaining import facts_of
from moderado.moderation.types import Category, Ground

MAX_TEXT = 4_000
_CATEGORIES = [category.value for category in Category]


class BasisBody(serializers.Serializer[Any]):
    """The step that decided. Empty in lines of older releases and of rulings."""

    ground = serializers.ChoiceField(choices=[ground.value for ground in Ground], required=False)
    provider = serializers.CharField(required=False)
    rule = serializers.CharField(required=False)
    category = serializers.ChoiceField(choices=_CATEGORIES, required=False)
    score = serializers.FloatField(required=False)
    threshold = serializers.FloatField(required=False, help_text="What the score reached.")


class SignalBody(serializers.Serializer[Any]):
    """What a provider measured."""

    model = serializers.CharField(allow_blank=True, default="")
    scores = serializers.DictField(child=serializers.FloatField(), default=dict)
    recommendation = serializers.ChoiceField(choices=OUTCOMES, allow_null=True, default=None)
    cost = serializers.FloatField(default=0.0)
    latency = serializers.FloatField(default=0.0, help_text="Seconds.")


class AuthorFactsBody(serializers.Serializer[Any]):
    role = serializers.CharField()
    age_days = serializers.IntegerField(help_text="Age of the account.")
    approved = serializers.IntegerField()
    strikes = serializers.IntegerField()
    is_bot = serializers.BooleanField()


class RoomFactsBody(serializers.Serializer[Any]):
    type = serializers.CharField(allow_blank=True)
    mode = serializers.CharField(allow_blank=True)
    audience = serializers.ChoiceField(choices=Room.Audience.choices)


class FactsBody(serializers.Serializer[Any]):
    """What was known when it was decided."""

    author = AuthorFactsBody(required=False)
    room = RoomFactsBody(required=False)


class LogExplanation(LogBody):
    """A decision with all that led to it. Places are code points of the revision's text."""

    basis = BasisBody()
    signals = serializers.DictField(child=SignalBody(), help_text="By provider.")
    readings = serializers.SerializerMethodField(help_text="How disguised parts were read.")
    facts = serializers.SerializerMethodField()

    @extend_schema_field(FactsBody)
    def get_facts(self, line: Any) -> dict[str, Any]:
        return facts_of(line.facts)

    def get_readings(self, line: Any) -> list[str]:
        return sorted({each["reading"] for each in line.matches if each.get("reading")})


class AuthorInput(StrictInput):
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False)
    age_days = serializers.IntegerField(min_value=0, max_value=100_000, required=False)
    strikes = serializers.IntegerField(min_value=0, max_value=100_000, required=False)


class TryInput(StrictInput):
    text = serializers.CharField(max_length=MAX_TEXT, trim_whitespace=False)
    policy = serializers.CharField(
        max_length=48, required=False, help_text="For staff with `view_policy`."
    )
    version = serializers.IntegerField(
        min_value=1, required=False, help_text="Of `policy`; the enabled one unless given."
    )
    room = IdField(required=False, help_text="By the policy in force in this room.")
    audience = serializers.ChoiceField(
        choices=Room.Audience.choices,
        required=False,
        help_text="Whom it is for; unless given, as the room.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the field whose name is a keyword of Python."""
        author = AuthorInput(required=False, help_text="Who wrote it; a new member unless given.")
        return super().get_fields() | {"as": author}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Refuse a version of no policy, which would change nothing."""
        if "version" in given and "policy" not in given:
            raise serializers.ValidationError({"policy": _("Name the policy of this version.")})
        return given


class TriedMatch(MatchBody):
    text = serializers.CharField(help_text="The words of the text.")


class WordBody(serializers.Serializer[Any]):
    """What a word adds to a score: exact, since the logit is a sum over distinct words."""

    provider = serializers.CharField()
    head = serializers.CharField(help_text="The classifier of a language.")
    word = serializers.CharField(help_text="In lower case, without accents.")
    amount = serializers.FloatField(help_text="In logits; above 0 raises the score.")
    places = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Code points `[start, end)` of the text.",
    )


class TryBody(serializers.Serializer[Any]):
    """The verdict on a text, and why. Nothing was stored."""

    outcome = serializers.ChoiceField(choices=OUTCOMES)
    category = serializers.ChoiceField(choices=_CATEGORIES, allow_null=True)
    categories = serializers.DictField(child=serializers.FloatField())
    score = serializers.FloatField()
    reason = serializers.CharField(allow_null=True)
    decided_by = serializers.CharField()
    basis = BasisBody()
    policy = serializers.CharField()
    policy_version = serializers.CharField()
    readings = serializers.ListField(child=serializers.CharField())
    matches = TriedMatch(many=True)
    words = WordBody(many=True, help_text="Largest amount first.")
    signals = serializers.DictField(child=SignalBody(), help_text="By provider.")
    failures = FailureBody(many=True)
    facts = FactsBody()
