"""Admin pages of legal holds, erasures, exports, runs of the retention, and the audit of staff."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from moderado.accounts.rights import ADD_HOLD, RELEASE_HOLD
from moderado.core.admin import AuditedReading
from moderado.core.admin_acts import Act, ActField, ActsOnPage, Values
from moderado.enforcement.admin_shared import (
    RecordPage,
    RestrictedPage,
    by_person,
)
from moderado.enforcement.audit_labels import audit_label
from moderado.enforcement.models import AuditLine, Erasure, Export, LegalHold, RetentionRun
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.record_words import lines_in_words
from moderado.enforcement.selectors.restricted import unrestricted_audit, unrestricted_holds
from moderado.enforcement.services import holds

_REASON = ActField(name="reason", label=_("Reason"), max_length=REFERENCE_LENGTH)


def _release(actor_id: UUID, hold: LegalHold, values: Values) -> None:
    holds.release_hold(actor_id=actor_id, hold_id=hold.pk, reason=values["reason"])


class HoldForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    """An account or a message, and the order that protects it."""

    class Meta:
        model = LegalHold
        fields = ("subject_type", "subject_id", "reference")

    def clean(self) -> dict[str, Any]:
        """Find the account, or the author of the message."""
        cleaned: dict[str, Any] = super().clean() or {}
        subject_id = cleaned.get("subject_id")
        if subject_id is None or "subject_type" not in cleaned:
            return cleaned
        author_id = holds.author_of(cleaned["subject_type"], subject_id)
        if author_id is None:
            raise ValidationError({"subject_id": _("There is no such account or message.")})
        cleaned["author_id"] = author_id
        return cleaned


@admin.register(LegalHold)
class LegalHoldAdmin(AuditedReading, ActsOnPage, RestrictedPage):
    """Legal holds. Each view leaves an audit line."""

    form = HoldForm
    list_display = ("created_at", "reference", "subject", "author", "actor", "released_at")
    list_filter = (("released_at", admin.EmptyFieldListFilter), "subject_type")
    list_select_related = ("author", "actor")
    search_fields = (*by_person("author"), "=id", "=subject_id", "reference")
    search_help_text = _("A person, an order, or the id of a message")
    acts = (
        Act(
            name="release",
            label=_("Release"),
            permission=RELEASE_HOLD,
            perform=_release,
            done=_("The hold is released."),
            is_possible=lambda hold: hold.released_at is None,
            fields=(_REASON,),
        ),
    )
    fieldsets = (
        (None, {"fields": ("reference", "subject", "author", "actor")}),
        (_("Release"), {"fields": ("released_at", "released_by", "release_reason")}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )
    add_fieldsets: ClassVar = ((None, {"fields": HoldForm.Meta.fields}),)

    def unrestricted(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out holds of restricted cases, and those that the law asks for."""
        return unrestricted_holds(found)

    def has_add_permission(self, *arguments: object) -> bool:
        return cast("HttpRequest", arguments[0]).user.has_perm(ADD_HOLD)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fieldsets if obj is None else self.fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Add the hold by the service, and show the one that it stored."""
        if change:
            raise PermissionDenied
        cleaned = form.cleaned_data
        hold = holds.add_hold(
            actor_id=UUID(str(request.user.pk)),
            subject_type=cleaned["subject_type"],
            subject_id=cleaned["subject_id"],
            author_id=cleaned["author_id"],
            reference=cleaned["reference"],
        )
        obj.pk = hold.pk
        obj.refresh_from_db()


@admin.register(Erasure)
class ErasureAdmin(RecordPage):
    """Erasures of accounts and their progress. They are ordered by `moderado erase`."""

    list_display = ("created_at", "user", "state", "due_at", "messages", "total", "ended_at")
    list_filter = ("state", "is_user_held", ("due_at", RangeDateTimeFilter))
    list_select_related = ("user",)
    search_fields = ("=id", "=user__id", "user__email")
    search_help_text = _("An account: its id or e-mail")
    fieldsets = (
        (None, {"fields": ("user", "requested_by", "state", "due_at")}),
        (_("Progress"), {"fields": ("messages", "total", "is_user_held", "withheld")}),
        (_("Record"), {"fields": ("id", "created_at", "started_at", "closed_at", "ended_at")}),
    )


@admin.register(Export)
class ExportAdmin(RecordPage):
    """Exports that accounts asked for, and their progress. Only the account can download one."""

    list_display = ("created_at", "user", "state", "done", "total", "expires_at")
    list_filter = ("state", ("created_at", RangeDateTimeFilter))
    list_select_related = ("user",)
    search_fields = (*by_person("user"), "=id")
    search_help_text = _("A person")
    fields = ("user", "state", "done", "total", "parts", "expires_at", "id", "created_at")


@admin.register(RetentionRun)
class RetentionRunAdmin(RecordPage):
    """Runs of the retention: what each erased, by kind."""

    list_display = ("created_at", "counts", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    fields = ("cutoffs", "counts", "id", "created_at", "ended_at")


class CommandLine(admin.SimpleListFilter):
    title = _("who")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("person", _("a person")), ("command", _("the command line or the server"))]

    def queryset(self, _request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(actor__isnull=self.value() == "command")


@admin.register(AuditLine)
class AuditLineAdmin(RestrictedPage):
    """The audit of staff. The database refuses to change it.

    Reading it leaves no lines: it has ids and codes alone.
    """

    list_display = ("created_at", "who", "shown_action", "subject", "shown_details")
    list_filter = (CommandLine, ("created_at", RangeDateTimeFilter))
    list_select_related = ("actor",)
    search_fields = (*by_person("actor"), "=action", "=subject_id")
    search_help_text = _("A person, a code such as ruling_made, or an id")
    fields = ("created_at", "who", "shown_action", "action", "subject", "shown_details", "id")

    def unrestricted(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """Leave out the lines about restricted cases, and what belongs to them."""
        return unrestricted_audit(found)

    def audit_views(self, request: HttpRequest, records: Iterable[Any]) -> None:
        """Write nothing."""

    @display(description=_("who"))
    def who(self, line: AuditLine) -> str:
        if line.actor_id:
            return str(line.actor)
        # Lines of older releases name no operator.
        return line.details.get("operator") or str(_("the command line or the server"))

    @display(description=_("what"), ordering="action")
    def shown_action(self, line: AuditLine) -> str:
        return audit_label(line.action)

    @display(description=_("details"))
    def shown_details(self, line: AuditLine) -> str:
        return lines_in_words(line.details)
