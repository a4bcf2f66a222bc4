"""What the admin pages of this context share: what is restricted, and filters."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from moderado.accounts.models import User
from moderado.accounts.rights import VIEW_RESTRICTED_CASE
from moderado.accounts.services import client_keys
from moderado.core import clock
from moderado.core.admin import Audited, ReadOnly
from moderado.enforcement.models import Ruling
from moderado.enforcement.selectors.parties import about_others
from moderado.enforcement.selectors.queues import in_open_queues
from moderado.enforcement.selectors.restricted import records_for_others
from moderado.enforcement.services.restricted_looks import audit_views, audit_views_about
from moderado.enforcement.types import Actor
from moderado.moderation.admin_links import NamesSubjects


class RecordPage(NamesSubjects, Audited, ReadOnly, ModelAdmin):
    """A list and pages of records that are never edited. Services write what staff do with them."""

    services_audit = True
    list_filter_submit = True
    show_full_result_count = False
    ordering = ("-created_at", "-id")


class RestrictedPage(RecordPage):
    """Records of which some belong to restricted cases.

    They are left out for viewers without the right. For others, each view of one of them writes
    an audit line, in lists as on its page.
    """

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        found: QuerySet[Any] = super().get_queryset(request)
        return found if request.user.has_perm(VIEW_RESTRICTED_CASE) else self.unrestricted(found)

    def unrestricted(self, found: "QuerySet[Any]") -> "QuerySet[Any]":
        """Return the records that do not belong to restricted cases, as those of rulings do."""
        return records_for_others(found)

    def audit_views(self, request: HttpRequest, records: Iterable[Any]) -> None:
        """Write the audit lines of restricted cases to which these records belong."""
        audit_views_about(actor_id=UUID(str(request.user.pk)), rows=records)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        self.audit_views(request, page.result_list)
        return page

    def render_change_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if (record := kwargs.get("obj")) is not None:
            self.audit_views(request, [record])
        return super().render_change_form(request, *args, **kwargs)


class CaseRecordPage(RestrictedPage):
    """Records of cases, without those of queues that the viewer may not open.

    Those of cases about the viewer are left out, too: they say who reported them, and what others
    noted.
    """

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        found: QuerySet[Any] = super().get_queryset(request)
        viewer_id = UUID(str(request.user.pk))
        found = about_others(found, user_id=viewer_id, case="case")
        return in_open_queues(found, user_id=viewer_id)

    def audit_views(self, request: HttpRequest, records: Iterable[Any]) -> None:
        shown, actor_id = list(records), UUID(str(request.user.pk))
        audit_views(actor_id=actor_id, cases=[each.case for each in shown if each.case is not None])
        others = [each for each in shown if each.case is None and hasattr(each, "subject_type")]
        audit_views_about(actor_id=actor_id, rows=others)


def staff(actor_id: UUID) -> Actor:
    """Return a member of staff as a moderator of all rooms."""
    is_trusted = User.objects.get(pk=actor_id).has_perm(VIEW_RESTRICTED_CASE)
    return Actor(id=actor_id, scope_ids=None, sees_restricted=is_trusted)


def make_once(make: Callable[[], UUID], form: Any, *, actor_id: UUID, kind: str) -> UUID:
    """Call `make`, unless the same form was sent before; return what was made then or now."""
    client_id = form.client_key()
    if client_id is None:
        return make()
    made: UUID = client_keys.once(
        make,
        present=lambda first: first,
        result_of=lambda first: first,
        owner_id=actor_id,
        kind=f"admin_{kind}",
        client_id=client_id,
        content=None,  # the `client_id` of a form is that of its content, too
    )
    return made


def may_undo(ruling: Ruling) -> bool:
    """Tell whether its moderator can still take a ruling back."""
    is_open = ruling.undone_at is None and ruling.settled_at is None and ruling.reverses_id is None
    until: datetime = ruling.undo_until
    return is_open and until > clock.estimated()


class InForce(admin.SimpleListFilter):
    """Whether a measure with `ends_at` and `lifted_at` binds now, by PostgreSQL's clock."""

    title = _("state")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("yes", _("in force")), ("lifted", _("lifted")), ("over", _("expired"))]

    def queryset(self, _request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        match self.value():
            case "yes":
                return queryset.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), lifted_at=None)
            case "lifted":
                return queryset.filter(lifted_at__isnull=False)
            case "over":
                return queryset.filter(ends_at__lte=Now(), lifted_at=None)
            case _:
                return queryset


def by_person(*fields: str) -> tuple[str, ...]:
    """Return the search fields for these persons: name, e-mail or id."""
    return tuple(
        f"{prefix}{field}__{column}"
        for field in fields
        for prefix, column in (("", "name"), ("", "email"), ("=", "id"))
    )
