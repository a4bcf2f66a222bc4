"""Request and response bodies of policies."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError

from moderado.api.fields import ActIdField, ClientIdField
from moderado.api.finding_bodies import BacktestBody, ExampleBody, FairnessBody, QueueLoadBody
from moderado.api.parsers import BoundedBody
from moderado.api.schemas import PersonField, StrictInput
from moderado.core.errors import Invalid
from moderado.moderation.services.policy_assignments import ROOM_TYPES
from moderado.moderation.services.policy_documents import REASON_LENGTH

MAX_NAME = 48


class PolicyYAML(BoundedBody):
    """A whole policy as YAML, in place of `{"document": …}`."""

    media_type = "application/yaml"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, str]:
        """Return the text of the body. The service reads it, so that mistakes have lines."""
        body = super().parse(stream, media_type, parser_context)
        try:
            return {"yaml": body.decode("utf-8")}
        except UnicodeDecodeError:
            raise ParseError(_("The body is not UTF-8.")) from None


class DocumentInput(StrictInput):
    """A version: the JSON of the YAML document (docs/policies.md), or that YAML itself."""

    document = serializers.JSONField(
        required=False, help_text="The document; `name` and `extends` may be left out of it."
    )
    reason = serializers.CharField(
        max_length=REASON_LENGTH, required=False, allow_blank=True, default=""
    )
    yaml = serializers.CharField(
        required=False, trim_whitespace=False, help_text="The document as YAML, in place of JSON."
    )
    client_id = ClientIdField()


class PolicyInput(DocumentInput):
    name = serializers.CharField(max_length=MAX_NAME, required=False)
    extends = serializers.CharField(max_length=MAX_NAME, required=False, allow_null=True)


class PolicyBody(serializers.Serializer[Any]):
    name = serializers.CharField()
    extends = serializers.CharField(source="extends.name", allow_null=True, default=None)
    enabled = serializers.IntegerField(
        source="enabled.number", allow_null=True, default=None, help_text="The enabled version."
    )
    latest = serializers.IntegerField(help_text="The newest version.")
    created_at = serializers.DateTimeField()


class ChangeBody(serializers.Serializer[Any]):
    """A line of the history."""

    action = serializers.CharField()
    version = serializers.IntegerField(source="version.number", allow_null=True, default=None)
    actor = PersonField(allow_null=True, help_text="Null for the command line.")
    reason = serializers.CharField(source="reason_in_words", allow_blank=True)
    details = serializers.DictField()
    created_at = serializers.DateTimeField()


class PolicyDetail(PolicyBody):
    history = ChangeBody(many=True, help_text="The last 100 changes, newest first.")


class VersionBody(serializers.Serializer[Any]):
    policy = serializers.CharField(source="policy.name")
    version = serializers.IntegerField(source="number")
    is_enabled = serializers.SerializerMethodField()
    author = PersonField(allow_null=True, help_text="Null for the command line.")
    reason = serializers.CharField(source="reason_in_words", allow_blank=True)
    created_at = serializers.DateTimeField()

    def get_is_enabled(self, version: Any) -> bool:
        return bool(version.policy.enabled_id == version.id)


class VersionDetail(VersionBody):
    document = serializers.DictField(help_text="docs/policies.md")


class FindingsBody(serializers.Serializer[Any]):
    examples = ExampleBody(many=True, help_text="Those that fail: it cannot be enabled with them.")
    fairness = serializers.SerializerMethodField()
    mistakes = serializers.ListField(child=serializers.CharField())
    queue_load = serializers.SerializerMethodField()
    backtest = serializers.SerializerMethodField()

    @extend_schema_field(QueueLoadBody(allow_null=True))
    def get_queue_load(self, findings: Any) -> dict[str, Any] | None:
        return QueueLoadBody(findings.queue_load).data if findings.queue_load else None

    @extend_schema_field(BacktestBody(allow_null=True))
    def get_backtest(self, findings: Any) -> dict[str, Any] | None:
        return BacktestBody(findings.backtest).data if findings.backtest else None

    @extend_schema_field(FairnessBody(allow_null=True))
    def get_fairness(self, findings: Any) -> dict[str, Any] | None:
        return FairnessBody(findings.fairness).data if findings.fairness else None


class SavedBody(serializers.Serializer[Any]):
    version = serializers.IntegerField(source="version.number")
    findings = FindingsBody(source="*")


class EnableInput(StrictInput):
    client_id = ActIdField()
    confirm_fairness = serializers.BooleanField(default=False)
    reason = serializers.CharField(
        max_length=REASON_LENGTH, required=False, allow_blank=True, default=""
    )


class RollbackInput(StrictInput):
    client_id = ActIdField()
    reason = serializers.CharField(
        max_length=REASON_LENGTH, required=False, allow_blank=True, default=""
    )


class AssignmentsBody(StrictInput):
    """Where policies apply, by name. A PUT replaces all of them."""

    server = serializers.CharField(max_length=MAX_NAME, allow_null=True, default=None)
    room_types = serializers.DictField(
        child=serializers.CharField(max_length=MAX_NAME),
        default=dict,
        help_text=f"By type: {', '.join(ROOM_TYPES)}.",
    )
    rooms = serializers.DictField(
        child=serializers.CharField(max_length=MAX_NAME), default=dict, help_text="By room id."
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and not data:  # it would end all assignments
            raise Invalid(fields={"server": self.fields["server"].error_messages["required"]})
        return super().to_internal_value(data)


class AssignmentsInput(AssignmentsBody):
    """Where policies shall apply, by name."""

    client_id = ActIdField()
