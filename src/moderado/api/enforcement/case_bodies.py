"""Request and response bodies of /api/enforcement/cases/ and rulings/."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.api.decision_bodies import LogExplanation
from moderado.api.enforcement.author_card import AuthorCardBody
from moderado.api.enforcement.sanction_inputs import TermField
from moderado.api.fields import ActIdField, IdField
from moderado.api.moderation_bodies import CaseBody
from moderado.api.schemas import PersonField, StrictInput
from moderado.chat.types import MESSAGE, ROOM_NAME, USER_NAME
from moderado.enforcement.labels import NOTICE_ROLE_CODES
from moderado.enforcement.models import BulkRuling
from moderado.enforcement.selectors.cases import CaseState, Claimed, state_of
from moderado.enforcement.services.claiming import LONGEST_SNOOZE
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.types import (
    DECIDABLE,
    PERSON,
    ROOM,
    ContentOutcome,
    MeasureScope,
    SanctionKind,
)
from moderado.enforcement.written_reasons import NOTE_LENGTH, REASON_LENGTH
from moderado.moderation.types import Category

SUBJECT_TYPES = [MESSAGE, USER_NAME, ROOM_NAME, PERSON, ROOM]
ORIGINS = ["hold", "flag", "report", "appeal", "audit", "notice"]
_CONTENTS = [content.value for content in DECIDABLE]


class CaseFilterInput(serializers.Serializer[Any]):
    """Which cases: of one queue, room, origin, category, state, claim and author."""

    queue = IdField(required=False)
    room = IdField(required=False)
    origin = serializers.ChoiceField(
        choices=ORIGINS, required=False, help_text="The first or a further origin."
    )
    category = serializers.ChoiceField(
        choices=[category.value for category in Category], required=False
    )
    state = serializers.ChoiceField(
        choices=[state.value for state in CaseState],
        required=False,
        help_text="`open` and `escalated` together unless given.",
    )
    claimed = serializers.ChoiceField(
        choices=[claimed.value for claimed in Claimed],
        required=False,
        help_text="`true`: by anyone; `false`: free; `me` or `others`: by whom.",
    )
    author = IdField(required=False)


class MeasureInput(StrictInput):
    kind = serializers.ChoiceField(choices=[kind.value for kind in SanctionKind])
    term_seconds = TermField(
        required=False, allow_null=True, help_text="Null or absent: without end."
    )
    scope = serializers.ChoiceField(
        choices=[scope.value for scope in MeasureScope], help_text="`server` is for staff."
    )


class ProposalInput(StrictInput):
    """A ruling on content and author."""

    content = serializers.ChoiceField(choices=_CONTENTS)
    sanctions = MeasureInput(many=True, required=False)
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="A code or a few words.")
    public_note = serializers.CharField(
        max_length=NOTE_LENGTH, required=False, allow_blank=True, help_text="For the author."
    )
    private_note = serializers.CharField(
        max_length=NOTE_LENGTH, required=False, allow_blank=True, help_text="For other moderators."
    )


class RulingOnCaseInput(ProposalInput):
    revision = serializers.IntegerField(min_value=1, help_text="The one that you have read.")
    client_id = ActIdField()


class ReasonInput(StrictInput):
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="A code or a few words.")


class SnoozeInput(StrictInput):
    until = serializers.DateTimeField(help_text=f"At most {LONGEST_SNOOZE.days} days from now.")
    client_id = ActIdField()


class NoteInput(StrictInput):
    text = serializers.CharField(max_length=NOTE_LENGTH)


class NoteBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    actor = PersonField(allow_null=True)
    text = serializers.CharField(allow_blank=True, help_text="Empty once it is erased.")
    created_at = serializers.DateTimeField()


class RulingBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    case = serializers.UUIDField(source="case_id")
    revision = serializers.IntegerField()
    content = serializers.ChoiceField(choices=[content.value for content in ContentOutcome])
    reason = serializers.CharField()
    public_note = serializers.CharField(allow_blank=True)
    private_note = serializers.CharField(allow_blank=True)
    actor = PersonField(allow_null=True)
    created_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)
    reverses = serializers.UUIDField(source="reverses_id", allow_null=True)
    bulk = serializers.UUIDField(source="bulk_id", allow_null=True)


class MadeRulingBody(serializers.Serializer[Any]):
    """A ruling, since when it binds, and until when it can be undone."""

    ruling = RulingBody(source="*")
    effective_at = serializers.DateTimeField()
    undo_until = serializers.DateTimeField()


class ShownCaseBody(CaseBody):
    """A case with its queue, all its origins and its place in the order."""

    queue = serializers.UUIDField(source="queue_id", allow_null=True)
    origins = serializers.SerializerMethodField(help_text="The first one opened it.")
    state = serializers.SerializerMethodField()  # type: ignore[assignment]  # derived
    priority = serializers.IntegerField(help_text="2: a person may be in danger.")
    snoozed_until = serializers.DateTimeField(allow_null=True)
    escalated_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=ORIGINS)))
    def get_origins(self, case: Any) -> list[str]:
        return [case.origin, *case.joined_origins]

    @extend_schema_field(serializers.ChoiceField(choices=[state.value for state in CaseState]))
    def get_state(self, case: Any) -> str:
        return state_of(case).value


class HappeningBody(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=[
            "opened", "verdict", "note", "ruling", "reversal", "undone", "escalated", "closed",
        ]
    )  # fmt: skip
    at = serializers.DateTimeField()
    actor = PersonField(allow_null=True)
    detail = serializers.CharField(allow_blank=True)


class ReporterRecordBody(serializers.Serializer[Any]):
    """How the latest reports of a member were decided, within `REPORT_SUSPENSION_DAYS`."""

    upheld = serializers.IntegerField()
    rejected = serializers.IntegerField()
    may_be_suspended = serializers.BooleanField(help_text="Whether the server's criteria are met.")


class ReportOnCaseBody(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reporter = PersonField()
    reporter_record = ReporterRecordBody(
        default=None,
        allow_null=True,
        help_text="Null without the permission to suspend members from reporting.",
    )
    category = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()


class NoticeOnCaseBody(serializers.Serializer[Any]):
    protocol = serializers.CharField()
    role = serializers.ChoiceField(choices=NOTICE_ROLE_CODES)
    name = serializers.CharField(
        allow_blank=True, help_text="Of the notifier; empty but for the server's staff."
    )
    category = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    subject = serializers.CharField(
        source="reference", allow_blank=True, help_text="As the notifier named it."
    )
    confirmed_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)


class CaseDetailBody(ShownCaseBody):
    """A case with everything that a moderator reads before ruling."""

    reports = ReportOnCaseBody(many=True, source="details.reports")
    notices = NoticeOnCaseBody(many=True, source="details.notices")
    notes = NoteBody(many=True, source="details.notes")
    rulings = RulingBody(many=True, source="details.rulings")
    signals = LogExplanation(
        many=True, source="details.signals", help_text="Verdicts on this revision."
    )
    author_card = AuthorCardBody(source="details.author_card", allow_null=True)
    timeline = HappeningBody(many=True, source="details.timeline")


class ShownCasePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ShownCaseBody(many=True)


class BulkFilterInput(StrictInput, CaseFilterInput):
    """As the list of cases takes it."""


class BulkInput(StrictInput):
    filter = BulkFilterInput()
    ruling = ProposalInput()
    dry_run = serializers.BooleanField(default=False, help_text="Count only.")
    client_id = ActIdField()


class BulkBody(serializers.Serializer[Any]):
    id = serializers.UUIDField(allow_null=True, help_text="Null for a dry run.")
    state = serializers.ChoiceField(
        choices=[*BulkRuling.State.values, "dry_run"], help_text="`dry_run`: nothing was decided."
    )
    matched = serializers.IntegerField(help_text="Cases when it was asked for.")
    decided = serializers.IntegerField()
    skipped = serializers.IntegerField(
        help_text="Held by others, decided meanwhile, or the caller is a party."
    )
    created_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


def proposal_of(asked: dict[str, Any], *, bulk_id: UUID | None = None) -> Proposal:
    """Return the proposal of a validated `ProposalInput`."""
    return Proposal(
        content=ContentOutcome(asked["content"]),
        reason=asked["reason"],
        public_note=asked.get("public_note", ""),
        private_note=asked.get("private_note", ""),
        measures=[
            Measure(
                kind=SanctionKind(each["kind"]),
                scope=MeasureScope(each["scope"]),
                term=each.get("term_seconds"),
            )
            for each in asked.get("sanctions", ())
        ],
        revision=asked.get("revision"),
        bulk_id=bulk_id,
    )
