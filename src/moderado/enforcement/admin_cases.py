"""The moderation queue in the admin: lists of cases, and the page on which one is decided."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts import rights
from moderado.core.admin import Audited, Colours, ReadOnly
from moderado.enforcement.admin_case_acts import proposal_without_form
from moderado.enforcement.admin_case_evidence import PacksEvidence
from moderado.enforcement.admin_case_page import DecidesOnPage, actor_of, moderator_of
from moderado.enforcement.labels import queue_label
from moderado.enforcement.models import Queue
from moderado.enforcement.selectors.queues import queues_of, with_queue
from moderado.enforcement.services.restricted_looks import audit_views
from moderado.enforcement.services.rulings import Proposal
from moderado.moderation.admin_links import NamesSubjects
from moderado.moderation.admin_texts import ERASED
from moderado.moderation.categories import category_list, category_name
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import without_restricted_cases
from moderado.moderation.texts import TextState, in_text, with_texts
from moderado.moderation.types import Outcome

EXCERPT = 120


@admin.register(Case)
class CaseAdmin(NamesSubjects, PacksEvidence, DecidesOnPage, Audited, ReadOnly, ModelAdmin):
    """Cases that wait for a moderator. Rulings are actions; fields are not editable."""

    services_audit = True
    list_display = (
        "excerpt",
        "queue",
        "room",
        "shown_state",
        "shown_origin",
        "score",
        "found",
        "claimed_by",
        "created_at",
    )
    list_filter = ("state", "origin", "outcome", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("claimed_by",)
    search_fields = ("=subject_id", "=scope_id")
    search_help_text = _("Words of the text, or the id of a message or of a room")
    ordering = ("-state", "-score", "created_at")  # open cases first
    show_full_result_count = False
    actions: ClassVar = ["approve", "reject"]
    fieldsets = (
        (None, {"fields": ("shown_text", "queue", "origin", "score", "found")}),
        (
            _("Ruling"),
            {
                "fields": (
                    "state",
                    "outcome",
                    "shown_reason",
                    "shown_note",
                    "decided_by",
                    "decided_at",
                    "close_reason",
                    "closed_at",
                )
            },
        ),
        (_("In hand"), {"fields": ("claimed_by", "claimed_until")}),
        (
            _("Record"),
            {"fields": ("id", "subject", "revision", "room", "created_at")},
        ),
    )

    def has_rule_on_many_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(rights.BULK_RULE)

    @display(description=_("text"))
    def excerpt(self, case: Case) -> str:
        return self._quoted(case, Truncator(case.text).chars(EXCERPT))

    @display(description=_("text"))
    def shown_text(self, case: Case) -> str:
        return self._quoted(case, case.text)

    @display(description=_("reason"))
    def shown_reason(self, case: Case) -> str:
        return category_name(case.reason) or "-"

    @display(description=_("note"))
    def shown_note(self, case: Case) -> str:
        return case.note or "-"

    @staticmethod
    def _quoted(case: Case, text: str) -> str:
        state = case.texts.state  # type: ignore[attr-defined]  # by `with_texts`
        return (
            format_html("<em>{}</em>", ERASED)
            if state is TextState.ERASED
            else format_html('<bdi dir="auto">{}</bdi>', text)
        )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Case]":
        """Leave out the cases of queues to which the viewer has no access."""
        found: QuerySet[Case] = super().get_queryset(request)
        viewer = moderator_of(request)
        found = found if viewer.sees_restricted else without_restricted_cases(found)
        name = Queue.objects.filter(pk=OuterRef("queue_id")).values("name")
        placed: QuerySet[Case] = with_queue(found, queues_of(viewer.id))
        return placed.annotate(queue_name=Subquery(name))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        page.result_list = with_texts(page.result_list)
        audit_views(actor_id=actor_of(request).pk, cases=page.result_list)
        return page

    def get_object(self, *args: Any, **options: Any) -> Case | None:
        found: Case | None = super().get_object(*args, **options)
        audit_views(actor_id=actor_of(args[0]).pk, cases=[found] if found else [])
        return with_texts([found])[0] if found else None

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Case]", search_term: str
    ) -> tuple["QuerySet[Case]", bool]:
        """Search the ids, and the words in the texts."""
        by_id, is_doubled = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return by_id, is_doubled
        return queryset.filter(Q(pk__in=by_id.values("pk")) | in_text(search_term)), is_doubled

    @display(description=_("state"), ordering="state", label=Colours({Case.State.OPEN: "warning"}))
    def shown_state(self, case: Case) -> tuple[str, str]:
        if case.state == Case.State.DECIDED:
            return case.outcome, case.get_outcome_display()
        if case.state == Case.State.CLOSED:
            return case.state, case.get_close_reason_display()
        return case.state, case.get_state_display()

    @display(
        description=_("origin"),
        ordering="origin",
        label=Colours({Case.Origin.HOLD: "danger", Case.Origin.FLAG: "info"}),
    )
    def shown_origin(self, case: Case) -> tuple[str, str]:
        return case.origin, case.get_origin_display()

    @display(description=_("queue"))
    def queue(self, case: Any) -> str:
        return "-" if case.queue_name is None else queue_label(case.queue_name)

    @display(description=_("categories"))
    def found(self, case: Case) -> str:
        return category_list(case.categories) or "-"

    @admin.action(description=_("Approve: the message is shown"), permissions=["rule_on_many"])
    def approve(self, request: HttpRequest, chosen: "QuerySet[Case]") -> None:
        self._rule_without_form(request, chosen, Outcome.ALLOW)

    @admin.action(description=_("Reject: the message is not shown"), permissions=["rule_on_many"])
    def reject(self, request: HttpRequest, chosen: "QuerySet[Case]") -> None:
        self._rule_without_form(request, chosen, Outcome.BLOCK)

    def _rule_without_form(
        self, request: HttpRequest, chosen: Iterable[Case], outcome: Outcome
    ) -> None:
        def proposal(case: Case) -> Proposal:
            return proposal_without_form(case, outcome)

        if done := len(self.rule(request, chosen, outcome.lower(), proposal)):
            summary = ngettext("%d case decided.", "%d cases decided.", done)
            self.message_user(request, summary % done, messages.SUCCESS)
