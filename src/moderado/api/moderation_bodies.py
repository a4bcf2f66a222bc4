"""Request and response bodies of /api/moderation/."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderado.api.bodies import body_of
from moderado.api.fields import ActIdField, IdField
from moderado.api.schemas import PersonField, StrictInput
from moderado.chat.selectors.review import SUPERSEDED, CaseSurroundings
from moderado.chat.types import MESSAGE, MESSAGE_STATUSES, ROOM_NAME, USER_NAME, MessageView
from moderado.core import clock
from moderado.enforcement.recommendations import action_for
from moderado.enforcement.selectors.cases import Claimed
from moderado.enforcement.written_reasons import NOTE_LENGTH, REASON_LENGTH
from moderado.moderation.categories import category_name
from moderado.moderation.recommendations import Action
from moderado.moderation.texts import TextState
from moderado.moderation.types import Category, Outcome, Usage

OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]
_STATES = ["open", "decided", "closed"]
_ORIGINS = ["hold", "flag", "report", "appeal", "audit", "notice"]
_STATUSES = [*MESSAGE_STATUSES, SUPERSEDED]
_RULINGS = [Outcome.ALLOW.value, Outcome.BLOCK.value]


class LogQuery(serializers.Serializer[Any]):
    message = IdField(required=False)
    subject = IdField(
        required=False, help_text="The id of a message, or of an account or room with a name."
    )
    room = IdField(required=False)
    verdict = serializers.ChoiceField(choices=OUTCOMES, required=False)
    provider = serializers.CharField(
        required=False, max_length=64, help_text="The name of a provider that gave any signal."
    )
    policy = serializers.CharField(required=False, max_length=64)
    version = serializers.CharField(
        required=False, max_length=64, help_text="The version of the policy, as in `7`."
    )
    category = serializers.ChoiceField(
        choices=[category.value for category in Category],
        required=False,
        help_text="One of those that were found.",
    )
    decided_by = serializers.CharField(required=False, max_length=64)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False, help_text="Earlier lines alone.")


class CaseQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=_STATES, default="open")
    room = IdField(required=False)
    origin = serializers.ChoiceField(
        choices=_ORIGINS, required=False, help_text="`hold`: waits hidden; `flag`: public."
    )
    category = serializers.ChoiceField(
        choices=[category.value for category in Category], required=False
    )
    author = IdField(required=False)
    claimed = serializers.ChoiceField(
        choices=[claimed.value for claimed in Claimed],
        required=False,
        help_text="`true`: by anyone; `false`: free; `me` or `others`: by whom.",
    )


class ContextQuery(serializers.Serializer[Any]):
    before = serializers.IntegerField(min_value=0, max_value=20, default=5)
    after = serializers.IntegerField(min_value=0, max_value=20, default=5)


class RulingInput(StrictInput):
    outcome = serializers.ChoiceField(choices=_RULINGS)
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="A code or a few words.")
    note = serializers.CharField(
        max_length=NOTE_LENGTH, required=False, allow_blank=True, help_text="For other moderators."
    )
    client_id = ActIdField()


class SubjectBody(serializers.Serializer[Any]):
    """What is judged. A `user_name` has the id of its account, a `room_name` of its room."""

    type = serializers.ChoiceField(choices=[MESSAGE, USER_NAME, ROOM_NAME])
    id = serializers.UUIDField()


@extend_schema_field(SubjectBody)
class SubjectField(serializers.Field[Any, None, dict[str, str], Any]):
    def to_representation(self, row: Any) -> dict[str, str]:
        return {"type": row.subject_type, "id": str(row.subject_id)}


class MatchBody(serializers.Serializer[Any]):
    provider = serializers.CharField()
    rule = serializers.CharField()
    category = serializers.CharField()
    start = serializers.IntegerField(help_text="In code points of the revision's text.")
    end = serializers.IntegerField()
    severity = serializers.FloatField(required=False, help_text="0 to 1.")
    usage = serializers.ChoiceField(
        choices=[usage.value for usage in Usage],
        required=False,
        help_text="How the words are used; `plain` unless given.",
    )
    reading = serializers.CharField(required=False, help_text="How a disguised text was read.")
    outcome = serializers.ChoiceField(
        choices=OUTCOMES, required=False, help_text="What followed from this match."
    )


class FailureBody(serializers.Serializer[Any]):
    provider = serializers.CharField()
    error = serializers.CharField()
    fault = serializers.CharField(required=False)
    latency = serializers.FloatField()


class LogBody(serializers.Serializer[Any]):
    """An entry of the audit log: who judged which revision, how, and why."""

    id = serializers.UUIDField()
    message = serializers.SerializerMethodField(help_text="Null when the subject is a name.")
    subject = SubjectField(source="*")
    revision = serializers.IntegerField()
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    verdict = serializers.ChoiceField(choices=OUTCOMES)
    score = serializers.FloatField()
    categories = serializers.DictField(child=serializers.FloatField())
    reason = serializers.CharField(allow_blank=True)
    provider = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True)
    policy = serializers.CharField(allow_blank=True, help_text="The name of the policy.")
    policy_version = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField(
        help_text="Which step decided: a provider, `unjudged`, `off`, …"
    )
    matches = MatchBody(many=True)
    failures = FailureBody(many=True)
    latency = serializers.FloatField(help_text="Seconds.")
    cost = serializers.FloatField()
    actor = PersonField(allow_null=True, help_text="Null when no person decided.")
    texts = serializers.ChoiceField(
        choices=[state.value for state in TextState],
        source="texts.state",
        help_text="What providers and moderators wrote about it: `erased` says that it is gone.",
    )
    created_at = serializers.DateTimeField()

    def get_message(self, line: Any) -> UUID | None:
        return _message_id(line)


@extend_schema_field(MessageView)  # type: ignore[arg-type]  # described by `StructSchema`
class MessageField(serializers.Field[MessageView, None, dict[str, Any], Any]):
    def to_representation(self, view: MessageView) -> dict[str, Any]:
        return body_of(view)


class ContextBody(serializers.Serializer[Any]):
    """Visible messages around the message, in the order of the room."""

    before = serializers.ListField(child=MessageField())
    after = serializers.ListField(child=MessageField())


class CaseBody(serializers.Serializer[Any]):
    """A message or a name for a moderator to review."""

    id = serializers.UUIDField()
    message = serializers.SerializerMethodField(help_text="Null when the subject is a name.")
    subject = SubjectField(source="*")
    revision = serializers.IntegerField()
    author = PersonField(allow_null=True, help_text="Who wrote the text; null if unknown.")
    room = serializers.UUIDField(source="scope_id", allow_null=True)
    room_name = serializers.SerializerMethodField(help_text="Null for names.")
    origin = serializers.ChoiceField(choices=_ORIGINS)
    state = serializers.ChoiceField(choices=_STATES)
    text = serializers.CharField(allow_blank=True, help_text="Empty once it is erased.")
    is_erased = serializers.SerializerMethodField(help_text="Whether the text was erased.")
    score = serializers.FloatField()
    categories = serializers.ListField(child=serializers.CharField())
    category_names = serializers.SerializerMethodField(
        help_text="For people, in the reader's language, by category."
    )
    message_status = serializers.SerializerMethodField(
        help_text="Status of the revision of this case; null when the subject is a name."
    )
    is_public = serializers.SerializerMethodField(
        help_text="Whether others see this text now. False while it is held."
    )
    successor = serializers.SerializerMethodField(
        help_text="The text that others see instead of `text`, if the author has replaced it; else "
        "null."
    )
    waiting_seconds = serializers.SerializerMethodField(
        help_text="How long it has waited, or had waited when it ended."
    )
    recommended_action = serializers.SerializerMethodField(
        help_text="What to offer first. `support`: help for the author comes before a ruling. "
        "`sanction`: a measure against the person, who is no text to block."
    )
    context = serializers.SerializerMethodField()  # type: ignore[assignment]  # not DRF's
    claimed_by = PersonField(allow_null=True)
    claimed_until = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    decided_by = PersonField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    close_reason = serializers.CharField(
        allow_blank=True,
        help_text="Why a closed case was not decided: `deleted`, `replaced`, `room_deleted` or "
        "`merged` (an earlier case of the text was opened again).",
    )
    closed_at = serializers.DateTimeField(allow_null=True)
    was_sampled = serializers.SerializerMethodField(
        help_text="After the ruling: whether the text had been allowed, and was drawn to check "
        "the policy. False before."
    )
    created_at = serializers.DateTimeField()

    def get_is_erased(self, case: Any) -> bool:
        return bool(case.texts.state is TextState.ERASED)

    def get_message(self, case: Any) -> UUID | None:
        return _message_id(case)

    def get_room_name(self, case: Any) -> str | None:
        return self._around(case).room_name

    def get_category_names(self, case: Any) -> dict[str, str]:
        return {code: category_name(code) for code in case.categories}

    @extend_schema_field(serializers.ChoiceField(choices=_STATUSES, allow_null=True))
    def get_message_status(self, case: Any) -> str | None:
        return self._around(case).message_status

    def get_is_public(self, case: Any) -> bool:
        return self._around(case).is_public

    def get_successor(self, case: Any) -> str | None:
        return self._around(case).successor

    def get_was_sampled(self, case: Any) -> bool:
        return case.state == "decided" and case.sampling is not None

    def get_waiting_seconds(self, case: Any) -> int:
        until = case.decided_at or case.closed_at or clock.estimated()
        return max(0, int((until - case.created_at).total_seconds()))

    @extend_schema_field(serializers.ChoiceField(choices=[action.value for action in Action]))
    def get_recommended_action(self, case: Any) -> str:
        return action_for(case).value

    @extend_schema_field(ContextBody)
    def get_context(self, case: Any) -> dict[str, Any]:
        body: dict[str, Any] = ContextBody(self._around(case).context).data
        return body

    def _around(self, case: Any) -> CaseSurroundings:
        known: Mapping[UUID, CaseSurroundings] = self._context["surroundings"]
        return known[case.id]


class CountsBody(serializers.Serializer[Any]):
    """Open cases that the caller may decide: in the given room, or in all."""

    open = serializers.IntegerField()
    hold = serializers.IntegerField(help_text="Wait hidden.")
    flag = serializers.IntegerField(help_text="Opened by a public text.")
    claimed = serializers.IntegerField(help_text="By anyone.")
    mine = serializers.IntegerField(help_text="Claimed by the caller.")
    oldest_seconds = serializers.IntegerField(allow_null=True)


class LogPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = LogBody(many=True)


class CasePage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    counts = CountsBody()
    results = CaseBody(many=True)


def _message_id(row: Any) -> UUID | None:
    return row.subject_id if row.subject_type == MESSAGE else None
