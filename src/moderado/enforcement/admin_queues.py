"""The admin page of queues: operators create, change and delete them."""

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from moderado.core.admin import Audited, DeletedAlone
from moderado.enforcement.models import Queue, Ruling, Sanction
from moderado.enforcement.record_words import span_in_words
from moderado.enforcement.services import queues
from moderado.enforcement.types import DECIDABLE
from moderado.moderation.admin_links import name_records_by
from moderado.moderation.categories import CATEGORY_NAMES
from moderado.moderation.labels import SUBJECTS
from moderado.moderation.models import Case

_CONTENTS = [(each.value, Ruling.Content(each.value).label) for each in DECIDABLE]
_LISTS = ("origin", "category", "subject")
_ESCALATED = {"": None, "yes": True, "no": False}


def _several(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )


class QueueForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    """The fields of a queue; its filter in parts."""

    origin = _several(_("Origins"), Case.Origin.choices)
    category = _several(
        _("Categories"), [(code.value, name) for code, name in CATEGORY_NAMES.items()]
    )
    subject = _several(_("Subjects"), list(SUBJECTS.items()))
    room = forms.CharField(
        label=_("Rooms"),
        required=False,
        help_text=_("Ids, separated by spaces. Empty: all rooms."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )
    min_priority = forms.IntegerField(
        label=_("Least priority"),
        required=False,
        min_value=0,
        max_value=9,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    is_escalated = forms.ChoiceField(
        label=_("Handed over to the server"),
        required=False,
        choices=[("", _("either")), ("yes", _("yes")), ("no", _("no"))],
        widget=UnfoldAdminSelectWidget,
    )
    permitted = _several(_("Permitted measures"), [*_CONTENTS, *Sanction.Kind.choices])
    access = forms.ModelMultipleChoiceField(
        label=_("Groups with access"),
        queryset=Group.objects.order_by("name"),
        required=False,
        help_text=_("None: every moderator."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Queue
        fields = ("name", "position", "target_seconds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        queue: Queue = self.instance
        wanted = dict(queue.filter)
        wanted["room"] = " ".join(wanted.get("room", ()))
        escalated = wanted.pop("is_escalated", None)
        self.initial = {**self.initial, **wanted}
        self.initial["is_escalated"] = {True: "yes", False: "no"}.get(cast("Any", escalated), "")
        self.initial["permitted"] = queue.measures
        if not queue._state.adding:  # noqa: SLF001  (documented by Django)
            self.initial["access"] = list(queue.groups.all())

    def clean_room(self) -> list[str]:
        """Read the ids of the rooms."""
        try:
            return [str(UUID(each)) for each in self.cleaned_data["room"].split()]
        except ValueError:
            raise ValidationError(_("This is not a list of ids.")) from None

    def filter(self) -> dict[str, Any]:
        """Return the filter that the parts describe, without what is empty."""
        cleaned = self.cleaned_data
        wanted: dict[str, Any] = {name: cleaned[name] for name in (*_LISTS, "room")}
        wanted["min_priority"] = cleaned["min_priority"]
        found = {name: value for name, value in wanted.items() if value}
        escalated = _ESCALATED[cleaned["is_escalated"]]
        return found if escalated is None else {**found, "is_escalated": escalated}


def _titles(ids: Collection[UUID]) -> dict[UUID, str]:
    return {queue.pk: str(queue) for queue in Queue.objects.filter(pk__in=ids)}


name_records_by("enforcement_queue", _titles)


@admin.register(Queue)
class QueueAdmin(Audited, DeletedAlone, ModelAdmin):
    """Saved filters over cases, in their order."""

    services_audit = True
    form = QueueForm
    list_display = ("title", "position", "target", "shown_measures", "shown_groups")
    search_fields = ("name", "=id")
    ordering = ("position", "name")
    fieldsets = (
        (None, {"fields": ("name", "position", "target_seconds")}),
        (
            _("Which cases"),
            {"fields": ("origin", "category", "subject", "room", "min_priority", "is_escalated")},
        ),
        (_("Who, and what they may do"), {"fields": ("access", "permitted")}),
    )

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Queue]":
        found: QuerySet[Queue] = super().get_queryset(request)
        return found.prefetch_related(Prefetch("groups", Group.objects.order_by("name")))

    @display(description=_("name"), ordering="name")
    def title(self, queue: Queue) -> str:
        return str(queue)

    @display(description=_("target time"), ordering="target_seconds")
    def target(self, queue: Queue) -> str:
        return span_in_words(queue.target_seconds)

    @display(description=_("permitted measures"))
    def shown_measures(self, queue: Queue) -> str:
        words = dict([*_CONTENTS, *Sanction.Kind.choices])
        return ", ".join(str(words.get(each, each)) for each in queue.measures) or "-"

    @display(description=_("groups with access"))
    def shown_groups(self, queue: Queue) -> str:
        return ", ".join(group.name for group in queue.groups.all()) or "-"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Save the queue by the service."""
        cleaned = form.cleaned_data
        saved = queues.save_queue(
            actor_id=UUID(str(request.user.pk)),
            queue_id=obj.pk if change else None,
            groups=[group.name for group in cleaned["access"]],
            name=cleaned["name"],
            position=cleaned["position"],
            target_seconds=cleaned["target_seconds"],
            filter=form.filter(),
            measures=cleaned["permitted"],
        )
        obj.pk = saved.pk
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Queue) -> None:
        """Delete the queue by the service."""
        queues.delete_queue(actor_id=UUID(str(request.user.pk)), queue_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Queue]") -> None:
        """Delete queues by the service, each with its audit line."""
        for queue in queryset:
            self.delete_model(request, queue)
