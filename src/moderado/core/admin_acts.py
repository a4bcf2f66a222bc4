"""Acts on the page of one record of the admin: each is a form that calls one service."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.core.admin import PageWithContext, act_on_each
from moderado.core.errors import Invalid

CHOOSE_REASON = _("Choose a reason")
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActField:
    """A text that an act asks for.

    `options`: what it is chosen from, for a record; each has `value`, `label` and `is_chosen`.
    `choose` stands for no choice yet.
    """

    name: str
    label: str | Promise
    max_length: int
    is_long: bool = False
    is_required: bool = True
    options: Callable[[Any], Sequence[Mapping[str, Any]]] | None = None
    choose: str | Promise = CHOOSE_REASON


# Of lifts and reversals that no person but staff reads.
REASON = ActField(name="reason", label=_("Reason, for staff"), max_length=64)
PUBLIC_NOTE = ActField(
    name="public_note",
    label=_("Note for the person"),
    max_length=2000,
    is_long=True,
    is_required=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a member of staff may do with a record.

    Attributes:
        name: Of the action in the history of the record.
        label: On the button.
        permission: Which right it needs.
        perform: Calls the service with the actor, the record and the values of the fields.
        done: What the page says afterwards.
        is_possible: Whether the record is in a state that allows it.
        fields: What it asks for.
    """

    name: str
    label: str | Promise
    permission: str
    perform: Callable[[UUID, Any, Values], object]
    done: str | Promise
    is_possible: Callable[[Any], bool] = lambda _: True
    fields: Sequence[ActField] = (REASON,)


class ActsOnPage(PageWithContext):
    """Offers `acts` on the page of a record. Mixed into an admin page of records with UUIDs."""

    acts: ClassVar[Sequence[Act]] = ()
    change_form_outer_before_template = "admin/enforcement/act_page.html"

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<uuid:record_id>/act/<slug:name>/", f"{self._name()}_act", self.act),)

    def page_context(self, request: HttpRequest, record: Any) -> dict[str, Any]:
        """Return the acts that the viewer may carry out now, with their addresses."""
        return {
            "acts": [
                {
                    "act": act,
                    "fields": [
                        {"field": field, "options": field.options and field.options(record)}
                        for field in act.fields
                    ],
                    "url": reverse(f"admin:{self._name()}_act", args=[record.pk, act.name]),
                }
                for act in self.acts
                if request.user.has_perm(act.permission) and act.is_possible(record)
            ]
        }

    def act(self, request: HttpRequest, record_id: UUID, name: str, **_: object) -> HttpResponse:
        """Carry out an act with the texts of its form."""
        site: Any = self
        act = next((each for each in self.acts if each.name == name), None)
        if act is None:
            raise Http404
        if not request.user.has_perm(act.permission) or not site.has_view_permission(request):
            raise PermissionDenied
        record: models.Model | None = site.get_object(request, str(record_id))
        if record is None:
            raise Http404
        if request.method == "POST":
            values = {field.name: request.POST.get(field.name, "") for field in act.fields}
            actor_id: Any = request.user.pk

            def perform(one: models.Model) -> None:
                _check(act.fields, one, values)
                act.perform(actor_id, one, values)

            if act_on_each(site, request, [record], act.name, perform):
                site.message_user(request, act.done, messages.SUCCESS)
        if site.get_object(request, str(record_id)) is None:  # the act has deleted it
            return HttpResponseRedirect(reverse(f"admin:{self._name()}_changelist"))
        return HttpResponseRedirect(reverse(f"admin:{self._name()}_change", args=[record_id]))

    def _name(self) -> str:
        meta = getattr(self, "opts")  # noqa: B009  (of the admin page into which this is mixed)
        return f"{meta.app_label}_{meta.model_name}"


def _check(fields: Sequence[ActField], record: models.Model, values: Values) -> None:
    """Raise Invalid if a value is none of those to choose from."""
    for field in fields:
        if field.options is None:
            continue
        if values[field.name] not in {each["value"] for each in field.options(record)}:
            raise Invalid(fields={field.name: _("Choose one from the list.")})
