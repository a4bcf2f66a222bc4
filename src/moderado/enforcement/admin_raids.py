"""Admin pages of purges, and of the strikes of policies with a histogram of points."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import REVERSE_RULING, VIEW_RESTRICTED_CASE, VIEW_SANCTION
from moderado.core.admin import Colours, PageWithContext
from moderado.core.admin_acts import Act, ActsOnPage, Values
from moderado.enforcement.admin_shared import RecordPage, by_person, staff
from moderado.enforcement.models import Purge, Sanction, StrikeRules
from moderado.enforcement.selectors.strikes import points_by_person
from moderado.enforcement.services import purges
from moderado.moderation.admin_links import room_link
from moderado.moderation.admin_policies import ShowsEnabled
from moderado.moderation.categories import category_name
from moderado.moderation.policies.fields import ANY
from moderado.moderation.policies.strikes import StrikeRules as Rules
from moderado.moderation.policies.strikes import strike_rules

_STATES = Colours(
    {
        Purge.State.RUNNING: "info",
        Purge.State.REVERSING: "info",
        Purge.State.STOPPED: "warning",
        Purge.State.DONE: "danger",
    }
)
_BY_STATUS = {"PENDING": _("waiting"), "APPROVED": _("shown"), "HELD": _("held")}
_REVERSIBLE = {Purge.State.RUNNING, Purge.State.DONE, Purge.State.STOPPED}


def _reverse(actor_id: UUID, purge: Purge, values: Values) -> None:
    purges.reverse_purge(actor=staff(actor_id), purge_id=purge.pk, reason=values["reason"])


class PurgePage(ActsOnPage, RecordPage):
    """Purges of an author's latest messages. `chat` registers it with the form that starts one."""

    list_display = (
        "created_at", "user", "room", "shown_state", "matched", "removed", "restored", "actor",
    )  # fmt: skip
    list_filter = ("state", ("created_at", RangeDateTimeFilter))
    list_select_related = ("user", "actor")
    search_fields = (*by_person("user", "actor"), "=id", "=scope_id")
    search_help_text = _("A person, or the id of a purge or room")
    acts = (
        Act(
            name="reverse",
            label=_("Bring all messages back"),
            permission=REVERSE_RULING,
            perform=_reverse,
            done=_("The reversal has begun."),
            is_possible=lambda purge: purge.state in _REVERSIBLE,
        ),
    )
    fieldsets = (
        (None, {"fields": ("user", "since", "room", "state", "reason", "public_note", "actor")}),
        (_("Progress"), {"fields": ("matched", "by_status", "removed", "restored")}),
        (_("Reversal"), {"fields": ("reversed_by", "reversal_reason")}),
        (_("Record"), {"fields": ("id", "created_at", "told_at", "finished_at")}),
    )

    @display(description=_("state"), ordering="state", label=_STATES)
    def shown_state(self, purge: Purge) -> tuple[str, str]:
        return purge.state, purge.get_state_display()

    @display(description=_("room"))
    def room(self, purge: Purge) -> str:
        if purge.scope_id is None and purge.scope_ids is not None:
            return ngettext("%d room", "%d rooms", len(purge.scope_ids)) % len(purge.scope_ids)
        return room_link(purge)

    @display(description=_("before the purge"))
    def by_status(self, purge: Purge) -> str:
        """Return the messages by status, of all rooms together."""
        counts: dict[str, int] = {}
        for each in purge.counts:
            counts[each["status"]] = counts.get(each["status"], 0) + each["count"]
        parts = [f"{_BY_STATUS.get(status, status)}: {n}" for status, n in sorted(counts.items())]
        return ", ".join(parts) or "-"


@admin.register(StrikeRules)
class StrikeRulesAdmin(ShowsEnabled, PageWithContext, RecordPage):
    """The strikes of each version of a policy that has some, and how many persons have points."""

    list_display = ("policy", "number", "is_enabled", "window", "shown_thresholds", "created_at")
    list_filter = ("policy",)
    list_select_related = ("policy",)
    ordering = ("policy__name", "-number")
    change_form_outer_before_template = "admin/enforcement/strike_rules_page.html"
    fieldsets = (
        (None, {"fields": ("policy", "number", "enabled_in_words", "author", "reason")}),
        (_("Strikes"), {"fields": ("window", "shown_weights", "shown_thresholds", "machine")}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[StrikeRules]":
        found: QuerySet[StrikeRules] = super().get_queryset(request)
        return found.filter(document__has_key="strikes")

    @display(description=_("strikes count for"))
    def window(self, version: StrikeRules) -> str:
        return _term(_rules(version).window)

    @display(description=_("points by category"))
    def shown_weights(self, version: StrikeRules) -> str:
        weights = {ANY: 1, **_rules(version).weights}
        names = {ANY: gettext("any other")}
        rows = (f"{names.get(code, category_name(code))}: {n}" for code, n in weights.items())
        return ", ".join(rows)

    @display(description=_("thresholds"))
    def shown_thresholds(self, version: StrikeRules) -> SafeString:
        rows = [(step.points, _led_to(step)) for step in _rules(version).thresholds]
        listed = format_html_join(mark_safe("<br>"), "{}: {}", rows)
        return listed or format_html("-")

    @display(description=_("automatic verdicts give strikes"), boolean=True)
    def machine(self, version: StrikeRules) -> bool:
        return _rules(version).is_machine

    def page_context(self, request: HttpRequest, record: StrikeRules) -> dict[str, Any]:
        """Return the histogram, for staff who may read sanctions."""
        if not request.user.has_perm(VIEW_SANCTION):
            return {}
        rules = _rules(record)
        sees_restricted = request.user.has_perm(VIEW_RESTRICTED_CASE)
        counts = points_by_person(
            policy=record.policy.name, window=rules.window, sees_restricted=sees_restricted
        )
        return {"buckets": _buckets(dict(counts), rules), "days": rules.window.days}


def _buckets(counts: Mapping[int, int], rules: Rules) -> list[dict[str, Any]]:
    """Return the rows of the histogram: all points that persons have, and all thresholds."""
    steps = {step.points: _led_to(step) for step in rules.thresholds}
    most = max(counts.values(), default=0)
    return [
        {
            "points": points,
            "persons": counts.get(points, 0),
            "at_least": sum(n for other, n in counts.items() if other >= points),
            "share": round(100 * counts.get(points, 0) / most) if most else 0,
            "threshold": steps.get(points, ""),
        }
        for points in sorted({*counts, *steps})
    ]


def _rules(version: StrikeRules) -> Rules:
    return strike_rules([version.document])


def _led_to(step: Any) -> str:
    kind = dict(Sanction.Kind.choices)[step.sanction]
    return str(kind) if step.term is None else f"{kind}, {_term(step.term)}"


def _term(term: timedelta) -> str:
    hours = int(term.total_seconds()) // 3600
    if term >= timedelta(days=1):
        return ngettext("%d day", "%d days", term.days) % term.days
    if hours:
        return ngettext("%d hour", "%d hours", hours) % hours
    minutes = max(1, int(term.total_seconds()) // 60)
    return ngettext("%d minute", "%d minutes", minutes) % minutes
