"""Admin pages of rooms and memberships, for the operators. `admin_messages` has the messages."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from moderado.chat import admin_messages as admin_messages
from moderado.chat import admin_purges as admin_purges
from moderado.chat.admin_cases import case_subject
from moderado.chat.admin_measures import ACTS, FIELDS
from moderado.chat.models import Membership, Room
from moderado.chat.services import memberships, rooms
from moderado.core.admin import (
    Audited,
    CleanName,
    Colours,
    ReadOnly,
    act_on_each,
    propose_in_admin,
)
from moderado.core.admin_acts import ActsOnPage
from moderado.enforcement.selectors.parties import moderators_of_room
from moderado.moderation.admin_links import name_records_by
from moderado.moderation.admin_subjects import describe_subjects_by

describe_subjects_by(case_subject)
name_records_by(
    "chat_room", lambda ids: dict(Room.objects.filter(pk__in=ids).values_list("pk", "name"))
)


_MODE_COLOURS = Colours(
    {
        Room.Mode.PRE: "success",
        Room.Mode.OPTIMISTIC: "info",
        Room.Mode.POST: "warning",
        Room.Mode.OFF: "danger",
    }
)


class RoomState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Room]) -> QuerySet[Room]:
        if self.value() is None:
            return queryset
        return queryset.filter(deleted_at__isnull=self.value() == "open")


class Participants(ReadOnly, TabularInline):
    model = Membership
    verbose_name_plural = _("participants")
    fields = readonly_fields = ("user", "role", "read_seq", "created_at")
    ordering = ("created_at",)
    per_page = 20
    tab = True


class RoomForm(CleanName, ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    pass


@admin.register(Room)
class RoomAdmin(Audited, ActsOnPage, ModelAdmin):
    form = RoomForm
    acts = ACTS
    services_audit = frozenset(act.name for act in ACTS)
    list_display = (
        "name",
        "privacy",
        "mode",
        "audience",
        "people",
        "seq",
        "created_by",
        "created_at",
        "deleted_at",
    )
    list_filter = (
        RoomState,
        "is_private",
        "moderation_mode",
        "audience",
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("created_by",)
    search_fields = ("name", "created_by__name", "=id")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    record_fields = ("id", "seq", "epoch", "created_by", "created_at", "deleted_at")
    readonly_fields = (*FIELDS, *record_fields)
    fieldsets = (
        (None, {"fields": ("name", "is_private", "moderation_mode", "audience")}),
        (_("Measures"), {"fields": FIELDS}),
        (_("Record"), {"fields": record_fields}),
    )
    inlines = (Participants,)
    actions = ["close"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        found: QuerySet[Room] = super().get_queryset(request)
        return found.annotate(people_count=Count("memberships"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: a room created here would have no administrator."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.deleted_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        """Never: the audit log refers to its messages. Rooms are closed instead."""
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: Room,
        form: "ModelForm[Room]",
        change: bool,  # noqa: FBT001  (Django's signature)
    ) -> None:
        """Save through the service, which ends subscriptions of users who lose access.

        Operators do not decide about the names of rooms that they run or have created.
        """
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        user_id = request.user.pk
        if user_id not in {obj.created_by_id, *moderators_of_room(obj.id)}:
            rooms.update_room(actor_id=None, room_id=obj.id, **changes)
            return
        name = changes.pop("name", None)
        rooms.update_room(actor_id=None, room_id=obj.id, **changes)
        if name is not None:
            propose = partial(rooms.propose_name_as, author_id=user_id, room_id=obj.id, name=name)
            propose_in_admin(self, request, propose)

    @display(description=_("people"), ordering="people_count")
    def people(self, room: Room) -> int:
        count: int = getattr(room, "people_count", 0)
        return count

    @display(description=_("privacy"), ordering="is_private", label=Colours({"private": "warning"}))
    def privacy(self, room: Room) -> tuple[str, Any]:
        return ("private", _("private")) if room.is_private else ("public", _("public"))

    @display(
        description=_("moderation"),
        ordering="moderation_mode",
        label=_MODE_COLOURS,
    )
    def mode(self, room: Room) -> tuple[str, str]:
        return room.moderation_mode, room.get_moderation_mode_display()

    @admin.action(description=_("Close for everybody"), permissions=["change"])
    def close(self, request: HttpRequest, chosen: QuerySet[Room]) -> None:
        def close(room: Room) -> None:
            rooms.delete_room(actor_id=None, room_id=room.id)

        done = act_on_each(self, request, chosen.filter(deleted_at=None), "close", close)
        text = ngettext("%d room closed.", "%d rooms closed.", done)
        self.message_user(request, text % done, messages.SUCCESS)


@admin.register(Membership)
class MembershipAdmin(Audited, ReadOnly, ModelAdmin):
    list_display = ("user", "room", "shown_role", "read_seq", "created_at")
    list_filter = (
        "role",
        ("room", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("user", "room")
    search_fields = ("user__name", "user__email", "room__name")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    fields = ("id", "user", "room", "role", "read_seq", "created_at")
    actions = ["appoint", "remove"]

    def has_rule_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("chat.change_membership")

    @display(
        description=_("role"),
        ordering="role",
        label=Colours({Membership.Role.ADMIN: "danger", Membership.Role.MODERATOR: "warning"}),
    )
    def shown_role(self, membership: Membership) -> tuple[str, str]:
        return membership.role, membership.get_role_display()

    @admin.action(description=_("Make administrators of their rooms"), permissions=["rule"])
    def appoint(self, request: HttpRequest, chosen: QuerySet[Membership]) -> None:
        def appoint(membership: Membership) -> None:
            memberships.change_role(
                actor_id=None,
                room_id=membership.room_id,
                user_id=membership.user_id,
                role=Membership.Role.ADMIN,
            )

        done = act_on_each(self, request, chosen, "appoint", appoint)
        text = ngettext("%d role changed.", "%d roles changed.", done)
        self.message_user(request, text % done, messages.SUCCESS)

    @admin.action(description=_("Remove from their rooms"), permissions=["rule"])
    def remove(self, request: HttpRequest, chosen: QuerySet[Membership]) -> None:
        def remove(membership: Membership) -> None:
            memberships.remove_participant(
                actor_id=None, room_id=membership.room_id, user_id=membership.user_id
            )

        done = act_on_each(self, request, chosen, "remove", remove)
        text = ngettext("%d person removed.", "%d people removed.", done)
        self.message_user(request, text % done, messages.SUCCESS)
