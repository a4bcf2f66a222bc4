"""The moderation queue in the admin: lists of cases, and the page on which one is decided."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.core.admin import Audited, Colours, PageWithContext, ReadOnly, act_on_each
from moderado.core.errors import Invalid
from moderado.enforcement.admin_case_acts import decision_buttons, obstacle_to
from moderado.enforcement.labels import queue_label
from moderado.enforcement.models import Queue
from moderado.enforcement.recommendations import action_for
from moderado.enforcement.selectors.queues import queues_of, with_queue
from moderado.enforcement.services import claiming, rulings
from moderado.enforcement.services.restricted_looks import note_looks
from moderado.enforcement.services.rulings import Proposal
from moderado.enforcement.types import CONTENT_OF, Actor, ContentOutcome
from moderado.moderation.admin_links import NamesSubjects, room_link, subject_link
from moderado.moderation.admin_subjects import link, subject_of
from moderado.moderation.admin_texts import ERASED
from moderado.moderation.categories import category_list
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import without_restricted_cases
from moderado.moderation.texts import TextState, in_text, with_texts
from moderado.moderation.types import Outcome

EXCERPT = 120
_RULINGS = (Outcome.ALLOW, Outcome.BLOCK)
PAGE = "admin/moderation/case_page.html"


class Ruling(NamedTuple):
    outcome: str
    reason: str = "reviewed"
    note: str = ""


@admin.register(Case)
class CaseAdmin(NamesSubjects, Audited, ReadOnly, PageWithContext, ModelAdmin):
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
    change_form_outer_before_template = PAGE
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

    def has_rule_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(rights.DECIDE_CASE)

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
        return case.reason or "-"

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
        viewer = _moderator(request)
        found = found if viewer.sees_restricted else without_restricted_cases(found)
        name = Queue.objects.filter(pk=OuterRef("queue_id")).values("name")
        placed: QuerySet[Case] = with_queue(found, queues_of(viewer.id))
        return placed.annotate(queue_name=Subquery(name))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        page.result_list = with_texts(page.result_list)
        note_looks(actor_id=_actor(request).pk, cases=page.result_list)
        return page

    def get_object(self, *args: Any, **options: Any) -> Case | None:
        found: Case | None = super().get_object(*args, **options)
        note_looks(actor_id=_actor(args[0]).pk, cases=[found] if found else [])
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

    @display(description=_("subject"))
    def subject(self, case: Case) -> str:
        return subject_link(case)

    @display(description=_("queue"))
    def queue(self, case: Any) -> str:
        return "-" if case.queue_name is None else queue_label(case.queue_name)

    @display(description=_("room"))
    def room(self, case: Case) -> str:
        return "-" if case.scope_id is None else room_link(case)

    @display(description=_("categories"))
    def found(self, case: Case) -> str:
        return category_list(case.categories) or "-"

    @admin.action(description=_("Approve: the message is shown"), permissions=["rule_on_many"])
    def approve(self, request: HttpRequest, chosen: "QuerySet[Case]") -> None:
        self._rule(request, chosen, Ruling(Outcome.ALLOW))

    @admin.action(description=_("Reject: the message is not shown"), permissions=["rule_on_many"])
    def reject(self, request: HttpRequest, chosen: "QuerySet[Case]") -> None:
        self._rule(request, chosen, Ruling(Outcome.BLOCK))

    def _rule(self, request: HttpRequest, chosen: Iterable[Case], ruling: Ruling) -> None:
        def rule(case: Case) -> None:
            proposal = Proposal(
                content=_content(ruling.outcome), reason=ruling.reason, private_note=ruling.note
            )
            rulings.rule(actor=_moderator(request), case_id=case.id, proposal=proposal)

        action = ruling.outcome.lower() if ruling.outcome in _RULINGS else "rule"
        if done := act_on_each(self, request, chosen, action, rule):
            summary = ngettext("%d case decided.", "%d cases decided.", done)
            self.message_user(request, summary % done, messages.SUCCESS)

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (
            ("<uuid:case_id>/decide/", "moderation_case_decide", self.decide),
            ("<uuid:case_id>/claim/", "moderation_case_claim", self.claim),
        )

    def page_context(self, request: HttpRequest, record: Case) -> dict[str, Any]:
        """Return what the page shows beside the fields: the subject, and what may be done."""
        case, viewer = record, _actor(request)
        subject = subject_of(case, viewer)
        if case.author is not None:
            author = link(
                _("author"), case.author.name, model="accounts.user", pk=case.author.pk,
                viewer=viewer,
            )  # fmt: skip
            subject = replace(subject, links=[author, *subject.links])
        obstacle = obstacle_to(case, viewer)
        may_decide = self.has_rule_permission(request) and not obstacle
        return {
            "subject": subject,
            "obstacle": obstacle,
            "first": action_for(case).value,
            "buttons": decision_buttons(case),
            "may_decide": may_decide,
            "may_claim": viewer.has_perm(rights.CLAIM_CASE) and not obstacle,
        }

    def decide(self, request: HttpRequest, case_id: UUID, **_: object) -> HttpResponse:
        """Rule on a case with the reason and the note of the form."""
        case = self._posted(request, case_id, may=self.has_rule_permission(request))
        if case is not None:
            given = request.POST
            outcome, reason = given.get("outcome", ""), given.get("reason", "")
            self._rule(request, [case], Ruling(outcome, reason, given.get("note", "")))
        return self._back(case_id)

    def claim(self, request: HttpRequest, case_id: UUID, **_: object) -> HttpResponse:
        """Claim a case for the moderator."""
        case = self._posted(request, case_id, may=request.user.has_perm(rights.CLAIM_CASE))

        def claim(case: Case) -> None:
            claiming.claim_case(actor=_moderator(request), case_id=case.id)

        if case is not None and act_on_each(self, request, [case], "claim", claim):
            self.message_user(request, gettext("The case is yours for 15 minutes."))
        return self._back(case_id)

    def _posted(self, request: HttpRequest, case_id: UUID, *, may: bool) -> Case | None:
        if not may or not self.has_view_permission(request):
            raise PermissionDenied
        found: Case | None = self.get_object(request, str(case_id))
        if found is None:
            raise Http404
        return found if request.method == "POST" else None

    def _back(self, case_id: UUID) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:moderation_case_change", args=[case_id]))


def _actor(request: HttpRequest) -> User:
    return cast("User", request.user)  # the admin requires a signed-in user


def _moderator(request: HttpRequest) -> Actor:
    viewer = _actor(request)
    trusted = rights.staff_may(viewer, rights.VIEW_RESTRICTED_CASE)
    return Actor(id=viewer.id, scope_ids=None, sees_restricted=trusted)


def _content(outcome: str) -> ContentOutcome:
    if outcome not in _RULINGS:
        raise Invalid(fields={"outcome": _("A ruling is ALLOW or BLOCK.")})
    return CONTENT_OF[Outcome(outcome)]
