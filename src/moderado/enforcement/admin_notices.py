"""Admin pages of notices and their deadlines, and of the bank of ordered removals."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from moderado.accounts.rights import (
    ADD_BANKED_TEXT,
    DELETE_BANKED_TEXT,
    VIEW_NOTIFIER,
    VIEW_RESTRICTED_CASE,
)
from moderado.core import clock
from moderado.core.admin import AuditedReading, Colours
from moderado.core.admin_acts import Act, ActField, ActsOnPage, Values
from moderado.core.admin_making import CreatedByService, CreationForm, id_field
from moderado.core.sent_once import FIELD
from moderado.enforcement.admin_shared import (
    CaseRecordPage,
    RestrictedPage,
    by_person,
    make_once,
)
from moderado.enforcement.models import Notice
from moderado.enforcement.models.holds import REFERENCE_LENGTH
from moderado.enforcement.services import hash_bank
from moderado.enforcement.services.hash_bank import BankedText
from moderado.enforcement.types import NoticeState
from moderado.moderation.restricted_cases import RESTRICTED
from moderado.moderation.services.hash_bank import banked_texts

_REASON = ActField(name="reason", label=_("Reason"), max_length=REFERENCE_LENGTH)
_STATE = Colours({NoticeState.OPEN: "warning", NoticeState.UNCONFIRMED: "info"})
_CLOCK = Colours({"late": "danger", "open": "info"})


def _remove(actor_id: UUID, banked: BankedText, values: Values) -> None:
    hash_bank.unbank(actor_id=actor_id, banked_id=banked.pk, reason=values["reason"])


class BankForm(CreationForm):
    """A message whose text an order removes."""

    FIELDS: ClassVar = {"reference": "order", "message": "message_id"}
    message_id = id_field(_("message"), _("The id of the message, as on its page."))
    order = forms.CharField(
        label=_("reference of the order"),
        max_length=REFERENCE_LENGTH,
        widget=UnfoldAdminTextInputWidget,
    )
    revision = forms.IntegerField(
        label=_("revision"),
        required=False,
        min_value=1,
        help_text=_("Empty: the text that others see, or saw last."),
        widget=UnfoldAdminIntegerFieldWidget,
    )


class Overdue(admin.SimpleListFilter):
    """Whether a notice waits longer than it may, by PostgreSQL's clock."""

    title = _("deadline")
    parameter_name = "deadline"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("over", _("over")), ("runs", _("runs"))]

    def queryset(self, _request: HttpRequest, queryset: "QuerySet[Notice]") -> "QuerySet[Notice]":
        waiting = queryset.filter(state=NoticeState.OPEN)
        match self.value():
            case "over":
                return waiting.filter(due_at__lte=Now())
            case "runs":
                return waiting.filter(due_at__gt=Now())
            case _:
                return queryset


@admin.register(Notice)
class NoticeAdmin(AuditedReading, CaseRecordPage):
    """Notices from outside. Rulings on their cases decide them."""

    list_display = (
        "created_at", "protocol", "role", "category", "shown_state", "clock", "due_at", "case",
    )  # fmt: skip
    list_filter = ("state", Overdue, "category", "role", ("created_at", RangeDateTimeFilter))
    list_select_related = ("case",)
    search_fields = ("=protocol", "=id", "=case__id", "name")
    search_help_text = _("The protocol number, a name, or the id of a case")
    fieldsets = (
        (None, {"fields": ("protocol", "role", "name", "masked_email", "language")}),
        (_("Content"), {"fields": ("reference", "category", "text", "case")}),
        (_("Decision"), {"fields": ("state", "due_at", "outcome", "ruling", "decided_at")}),
        (_("Record"), {"fields": ("id", "created_at", "confirmed_at", "reminded_at", "erased_at")}),
    )

    def unrestricted(self, found: "QuerySet[Any]") -> "QuerySet[Any]":
        """Leave out those about danger to children, also before they are confirmed."""
        of_others = Q(case=None) | ~Q(case__categories__overlap=list(RESTRICTED))
        return found.exclude(category__in=RESTRICTED).filter(of_others)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the address to staff who may see notifiers, and to others that there is one."""
        shown = "email" if request.user.has_perm(VIEW_NOTIFIER) else "masked_email"
        first = ("protocol", "role", "name", shown, "language")
        return ((None, {"fields": first}), *self.fieldsets[1:])

    @display(description=_("e-mail"))
    def masked_email(self, notice: Notice) -> str:
        return gettext("given, not shown") if notice.email else "-"

    @display(description=_("state"), ordering="state", label=_STATE)
    def shown_state(self, notice: Notice) -> tuple[str, str]:
        return notice.state, notice.get_state_display()

    @display(description=_("deadline"), ordering="due_at", label=_CLOCK)
    def clock(self, notice: Notice) -> tuple[str, str]:
        """Return how long a decision may take still, or how late it is."""
        if notice.state != NoticeState.OPEN or notice.due_at is None:
            return "-", "-"
        if notice.due_at <= clock.estimated():
            return "late", gettext("%s late") % timesince(notice.due_at)
        return "open", gettext("in %s") % timeuntil(notice.due_at)


@admin.register(BankedText)
class BankedTextAdmin(CreatedByService, ActsOnPage, RestrictedPage):
    """Texts that orders removed. Only their digests are stored."""

    making_form = BankForm
    making_fields = ("message_id", "order", "revision", FIELD)
    making_permission = ADD_BANKED_TEXT
    making_label = _("Add to the bank")
    making_done = _("The text is in the bank: it waits for a moderator when it is written again.")

    list_display = ("created_at", "reference", "subject", "actor")
    list_filter = (("created_at", RangeDateTimeFilter),)
    list_select_related = ("actor",)
    search_fields = (*by_person("actor"), "reference", "=subject_id", "=id")
    search_help_text = _("An order, a person, or the id of a message")
    acts = (
        Act(
            name="remove_from_bank",
            label=_("Remove from the bank"),
            permission=DELETE_BANKED_TEXT,
            perform=_remove,
            done=_("The text is no longer in the bank."),
            fields=(_REASON,),
        ),
    )
    fieldsets = (
        (None, {"fields": ("reference", "subject", "actor")}),
        (_("Record"), {"fields": ("id", "created_at")}),
    )

    def make(self, request: HttpRequest, form: Any) -> UUID:
        """Bank the text of the message, once for the same form."""
        given, actor_id = form.cleaned_data, UUID(str(request.user.pk))

        def bank() -> UUID:
            banked, _is_new = hash_bank.bank_message(
                actor_id=actor_id,
                message_id=given["message_id"],
                order=given["order"],
                revision=given["revision"],
            )
            return banked.pk

        return make_once(bank, form, actor_id=actor_id, kind="bank_text")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[BankedText]":
        trusted = request.user.has_perm(VIEW_RESTRICTED_CASE)
        seen = banked_texts(sees_restricted=trusted, actor_id=cast("UUID", request.user.pk))
        found: QuerySet[BankedText] = super(RestrictedPage, self).get_queryset(request)
        return found.filter(pk__in=seen.order_by().values("pk"))
