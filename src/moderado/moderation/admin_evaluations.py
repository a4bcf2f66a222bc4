"""Admin pages of evaluations: start one, see its progress, read its results."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from moderado.accounts.models import User
from moderado.accounts.rights import ADD_EVALUATION, VIEW_MESSAGE
from moderado.core.admin import Audited, Colours, PageWithContext, ReadOnly, act_on_each
from moderado.core.errors import ApplicationError, Invalid
from moderado.core.sent_once import FIELD, SentOnce
from moderado.moderation.admin_results import sections
from moderado.moderation.blind_cases import shown_results
from moderado.moderation.models import Evaluation
from moderado.moderation.services import evaluations
from moderado.moderation.services.evaluation_kinds import KINDS
from moderado.moderation.services.evaluations import EvaluationRequest
from moderado.moderation.services.subject_texts import texts_of

State = Evaluation.State
PAGE = "admin/moderation/evaluation_page.html"
_COLOURS = Colours({State.DONE: "success", State.RUNNING: "info", State.FAILED: "danger"})
_FIELDS = ("kind", "version", "since", "until", "scope_id", "limit")


class EvaluationForm(SentOnce, forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What to evaluate. The window is the last 30 days unless it is given."""

    class Meta:
        model = Evaluation
        fields = _FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            choices = [choice for choice in Evaluation.Kind.choices if choice[0] in KINDS]
            self.fields["kind"] = forms.ChoiceField(
                label=_("kind"), choices=choices, widget=UnfoldAdminSelectWidget(choices=choices)
            )
            for name in ("since", "until"):
                self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        """Show what the service would refuse."""
        cleaned = super().clean() or self.cleaned_data
        try:
            evaluations.check(self.evaluation_request())
        except Invalid as refusal:
            fields = {
                name if name in self.fields else "__all__": str(said)
                for name, said in refusal.fields.items()
            }
            raise ValidationError(fields) from None
        except ApplicationError as refusal:
            raise ValidationError(str(refusal)) from None
        return cleaned

    def evaluation_request(self) -> EvaluationRequest:
        """Return what the form asks for."""
        given = self.cleaned_data
        kind, version = given.get("kind") or "", given.get("version")
        # Of kinds that measure what was in force, the version names its policy alone.
        is_read = kind not in KINDS or "version" not in KINDS[kind].ignores
        return EvaluationRequest(
            kind=kind,
            policy=version.policy.name if version else None,
            version=version.number if version and is_read else None,
            since=given.get("since"),
            until=given.get("until"),
            scope_id=given.get("scope_id"),
            limit=given.get("limit"),
        )


@admin.register(Evaluation)
class EvaluationAdmin(Audited, ReadOnly, PageWithContext, ModelAdmin):
    """Evaluations run in the workers. Reload the page to see the progress."""

    services_audit = True
    form = EvaluationForm
    list_display = (
        "created_at", "kind", "version", "shown_state", "shown_progress", "requested_by",
    )  # fmt: skip
    list_filter = ("kind", "state")
    list_select_related = ("version__policy", "requested_by")
    ordering = ("-created_at", "-id")
    actions: ClassVar = ["cancel"]
    change_form_outer_before_template = PAGE
    fieldsets = (
        (None, {"fields": ("kind", "version", "state", "shown_progress", "error")}),
        (_("What it reads"), {"fields": ("since", "until", "scope_id", "limit")}),
        (_("Record"), {"fields": ("id", "requested_by", "created_at", "started_at", "ended_at")}),
    )
    add_fieldsets = ((None, {"fields": (*_FIELDS, FIELD)}),)

    def has_add_permission(self, *args: Any) -> bool:
        request: HttpRequest = args[0]
        return request.user.has_perm(ADD_EVALUATION)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    @display(description=_("state"), ordering="state", label=_COLOURS)
    def shown_state(self, evaluation: Evaluation) -> tuple[str, str]:
        return evaluation.state, evaluation.get_state_display()

    @display(description=_("progress"))
    def shown_progress(self, evaluation: Evaluation) -> str:
        if evaluation.total is None:
            return "-"
        return f"{evaluation.done:,} / {evaluation.total:,}"

    @admin.action(description=_("Cancel"), permissions=["add"])
    def cancel(self, request: HttpRequest, chosen: "QuerySet[Evaluation]") -> None:
        def act(evaluation: Evaluation) -> None:
            actor_id = cast("User", request.user).id
            evaluations.cancel(actor_id=actor_id, evaluation_id=evaluation.id)

        if act_on_each(self, request, chosen, "cancel", act):
            self.message_user(request, gettext("The evaluation is cancelled."), messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Request the evaluation by the service, and show the one that it stored."""
        assert not change, "evaluations are never edited"
        made = evaluations.request_evaluation(
            actor_id=cast("User", request.user).id,
            request=form.evaluation_request(),
            client_id=form.client_key(),
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    def page_context(self, request: HttpRequest, record: Evaluation) -> dict[str, Any]:
        """Return the results in sections, and examples for those who may read messages."""
        with_texts = request.user.has_perm(VIEW_MESSAGE)
        return {
            "sections": sections(record.results),
            "examples": _examples(record, with_texts=with_texts),
        }


def _examples(evaluation: Evaluation, *, with_texts: bool) -> list[dict[str, Any]]:
    """Return the examples with their texts, for viewers who may read messages."""
    found = shown_results(evaluation).get("examples", [])
    subjects = [(each["subject_type"], UUID(each["subject"]), each["revision"]) for each in found]
    texts = texts_of(subjects) if with_texts else {}
    return [
        each | {"text": texts.get(subject, "")}
        for each, subject in zip(found, subjects, strict=True)
    ]
