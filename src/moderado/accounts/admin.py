"""Admin pages of accounts and sessions."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from moderado.accounts import admin_api_keys, admin_invitations  # noqa: F401  (register themselves)
from moderado.accounts.admin_permissions import TranslatedPermissions, permission_list
from moderado.accounts.admin_standing import ShowsStanding
from moderado.accounts.closures import is_closed_for_ever
from moderado.accounts.errors import LastSuperuser
from moderado.accounts.models import Session, User
from moderado.accounts.rights import may_manage
from moderado.accounts.services import accounts, names, sessions
from moderado.accounts.services.superusers import FLAGS, superusers
from moderado.core.admin import (
    Audited,
    CleanName,
    DeletedAlone,
    ReadOnly,
    act_on_each,
    propose_in_admin,
)
from moderado.core.errors import Forbidden

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(Audited, DeletedAlone, TranslatedPermissions, DjangoGroupAdmin, ModelAdmin):
    """Only superusers change groups: their members would hold whatever is added."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return _is_superuser(request)


class SessionInline(ReadOnly, TabularInline):
    model = Session
    fields = readonly_fields = ("user_agent", "created_at", "used_at", "expires_at", "ended_at")
    ordering = ("-created_at",)
    per_page = 10
    tab = True


class UserForm(CleanName, UserChangeForm):
    def clean(self) -> dict[str, Any]:
        """Keep a superuser: without one, only the command line can grant rights again."""
        cleaned: dict[str, Any] = super().clean()
        kept = all(cleaned.get(flag, getattr(self.instance, flag)) for flag in FLAGS)
        if not kept and superusers() == [self.instance.pk]:
            raise ValidationError(LastSuperuser.message)
        return cleaned


class NewUserForm(CleanName, UserCreationForm):
    pass


@admin.register(User)
class UserAdmin(ShowsStanding, Audited, TranslatedPermissions, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]  # generic in stubs only
    form = UserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("name", "email", "language", "is_active", "is_staff", "signed_in", "created_at")
    list_filter = (
        "is_active",
        "is_staff",
        "is_superuser",
        "language",
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    search_fields = ("name", "email", "=id")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    show_full_result_count = False
    readonly_fields = ("id", "created_at", "last_login")
    filter_horizontal = ("groups", "user_permissions")
    actions = ["deactivate", "end_sessions"]
    inlines = (SessionInline,)
    fieldsets = (
        (None, {"fields": ("email", "name", "language", "password")}),
        (
            _("Permissions"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Record"), {"fields": ("id", "created_at", "last_login")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "language", "password1", "password2"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        open_ones = Q(sessions__ended_at=None, sessions__id__isnull=False)
        users: QuerySet[User] = super().get_queryset(request)
        return users.annotate(open_count=Count("sessions", filter=open_ones))

    def get_object(self, request: HttpRequest, *args: Any, **options: Any) -> User | None:
        """Lock an account that may be changed: an erasure that closes it now is not overwritten."""
        found: User | None = super().get_object(request, *args, **options)
        is_change = request.method == "POST" and transaction.get_connection().in_atomic_block
        if found is not None and is_change:
            User.objects.select_for_update(no_key=True).only("pk").get(pk=found.pk)
            found.refresh_from_db()
        return found

    @transaction.atomic
    def user_change_password(self, *args: Any, **options: Any) -> HttpResponse:
        return super().user_change_password(*args, **options)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> tuple[type, ...]:
        return () if obj is None else self.inlines

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only superusers grant rights: others would grant themselves more than they hold."""
        rights = () if _is_superuser(request) else (*RIGHTS, "granted")
        return (*self.readonly_fields, *rights)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show rights that may not be changed in words."""
        shown = super().get_fieldsets(request, obj)
        if obj is None or _is_superuser(request):
            return shown
        rights = tuple("granted" if name == "user_permissions" else name for name in RIGHTS)
        return [
            (title, {**options, "fields": ("is_active", *rights)})
            if "user_permissions" in options["fields"]
            else (title, options)
            for title, options in shown
        ]

    @admin.display(description=_("user permissions"))
    def granted(self, user: User) -> str:
        return permission_list(user.user_permissions.all())

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only what a service does changes an account that an erasure has closed."""
        allowed: bool = super().has_change_permission(request, obj)
        if obj is None or not allowed:
            return allowed
        return may_manage(_actor(request), obj) and not is_closed_for_ever(obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Accounts are deactivated, not deleted: conversations of others contain their messages."""
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: "ModelForm[User]",
        change: bool,  # noqa: FBT001  (Django's signature)
    ) -> None:
        """Save, and log a name as a decision of the operator, whom no provider overrules.

        Operators do not decide about their own names: these are proposed, as in the API.
        """
        actor, name = _actor(request), obj.name
        is_own = change and obj.pk == actor.pk and "name" in form.changed_data
        if is_own:
            obj.name = form.initial["name"]
        super().save_model(request, obj, form, change)
        if is_own:
            propose_in_admin(self, request, lambda: names.propose_name(user=obj, name=name))
        elif "name" in form.changed_data:
            names.assign_name(user_id=obj.id, name=name, actor_id=actor.id)

    @admin.display(description=_("signed in"), ordering="open_count", empty_value="")
    def signed_in(self, user: User) -> str:
        count: int = getattr(user, "open_count", 0)
        return ngettext("%d session", "%d sessions", count) % count if count else ""

    @admin.action(description=_("Deactivate, and end every session"), permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        def deactivate(user: User) -> None:
            _require_may_manage(request, user)
            accounts.deactivate(user_id=user.id)

        chosen = users.filter(is_active=True).exclude(pk=_actor(request).pk)
        done = act_on_each(self, request, chosen, "deactivate", deactivate)
        text = ngettext("%d account deactivated.", "%d accounts deactivated.", done)
        self.message_user(request, text % done, messages.SUCCESS)

    @admin.action(description=_("End every session"), permissions=["change"])
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        def end(user: User) -> None:
            _require_may_manage(request, user)
            sessions.end_sessions_of(user_id=user.id)

        done = act_on_each(self, request, users, "end_sessions", end)
        text = ngettext("%d account signed out.", "%d accounts signed out.", done)
        self.message_user(request, text % done, messages.SUCCESS)


class SessionStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, Any]]:
        return [("open", _("open")), ("ended", _("ended"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Session]) -> QuerySet[Session]:
        match self.value():
            case "open":
                return queryset.filter(ended_at=None)
            case "ended":
                return queryset.exclude(ended_at=None)
            case _:
                return queryset


@admin.register(Session)
class SessionAdmin(ReadOnly, ModelAdmin):
    list_display = ("user", "user_agent", "created_at", "used_at", "expires_at", "ended_at")
    list_filter = (SessionStateFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email", "=id")
    ordering = ("-created_at",)
    show_full_result_count = False
    fields = ("id", "user", "user_agent", "created_at", "used_at", "expires_at", "ended_at")
    actions = ["end"]

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_session")

    @admin.action(description=_("End"), permissions=["end"])
    def end(self, request: HttpRequest, chosen: QuerySet[Session]) -> None:
        def end(session: Session) -> None:
            _require_may_manage(request, session.user)
            sessions.end_session(session_id=session.id)

        open_ones = chosen.filter(ended_at=None).select_related("user")
        done = act_on_each(self, request, open_ones, "end", end)
        text = ngettext("%d session ended.", "%d sessions ended.", done)
        self.message_user(request, text % done, messages.SUCCESS)


def _actor(request: HttpRequest) -> User:
    return cast("User", request.user)  # the admin requires a signed-in user


def _is_superuser(request: HttpRequest) -> bool:
    return _actor(request).is_active and _actor(request).is_superuser


def _require_may_manage(request: HttpRequest, account: User) -> None:
    if not may_manage(_actor(request), account):
        raise Forbidden
