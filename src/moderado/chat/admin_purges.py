"""Admin pages of purges: preview, start and reverse the removal of an author's latest messages."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from moderado.accounts.rights import PURGE_MESSAGES, VIEW_MESSAGE
from moderado.chat.models import Message, Room
from moderado.chat.services import purge_requests
from moderado.core import clock
from moderado.core.admin_making import CreatedByService
from moderado.core.errors import ApplicationError
from moderado.core.sent_once import FIELD
from moderado.enforcement.admin_raids import PurgePage
from moderado.enforcement.admin_sanction_forms import AboutPerson
from moderado.enforcement.admin_shared import make_once, staff
from moderado.enforcement.models import Purge
from moderado.enforcement.types import Actor

_LATE = timedelta(seconds=5)  # the form of the longest time may be sent a little later


class PurgeForm(AboutPerson):
    """Whose messages of the last hours are removed: first shown, and removed when sent again.

    `previewed` names what was shown: who changes it sees a preview of the new choice.
    """

    FIELDS: ClassVar = {**AboutPerson.FIELDS, "since": "hours"}
    hours = forms.IntegerField(
        label=_("hours"),
        min_value=1,
        help_text=_("What the person has written in the last hours, up to now."),
        widget=UnfoldAdminIntegerFieldWidget,
    )
    previewed = forms.CharField(required=False, label="", widget=forms.HiddenInput)
    actor: Actor
    sees_texts = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preview: dict[str, Any] | None = None
        self.fields["room_id"].help_text = _("The id of the room; without it, all rooms.")

    def clean(self) -> dict[str, Any]:
        """Refuse what was not shown yet, and keep what is shown now."""
        cleaned = super().clean()
        if self.errors:
            return cleaned
        since = self._since()
        if since is None:
            self._show(_within(clock.now() - timedelta(hours=cleaned["hours"]), cleaned["hours"]))
            raise ValidationError(_("Nothing is removed yet. Look at what would be."))
        cleaned["since"] = _within(since, cleaned["hours"])
        return cleaned

    def about(self) -> dict[str, Any]:
        """Return whose messages are removed, and where."""
        given = self.cleaned_data
        return {"user_id": given["user_id"], "room_id": given["room_id"]}

    def _chosen(self) -> str:
        given = self.cleaned_data
        return f"{given['user_id']}/{given['room_id']}/{given['hours']}"

    def _since(self) -> datetime | None:
        """Return the moment of the preview that the form had, if it was of the same choice."""
        chosen, _separator, moment = self.cleaned_data.get("previewed", "").rpartition("@")
        return parse_datetime(moment) if chosen == self._chosen() else None

    def _show(self, since: datetime) -> None:
        try:
            found = purge_requests.preview_purge(
                actor=self.actor, since=since, sees_texts=self.sees_texts, **self.about()
            )
        except ApplicationError as refusal:
            raise ValidationError(self._errors_of(refusal)) from None
        self.preview = _shown(found)
        shown = f"{self._chosen()}@{since.isoformat()}"
        self.data = {**self.data.dict(), "previewed": shown}  # type: ignore[attr-defined]  # posted


def _within(since: datetime, hours: int) -> datetime:
    """Return the moment, or the first that may be purged still: a preview takes time."""
    limit = settings.ENV.purge_hours
    if hours > limit:
        return since  # the service refuses it
    return max(since, clock.now() - timedelta(hours=limit) + _LATE)


def _shown(found: purge_requests.Preview) -> dict[str, Any]:
    """Return what the page shows of a preview: numbers by room and status, and the newest texts."""
    names = dict(
        Room.objects.filter(pk__in=[each["room"] for each in found.counts]).values_list(
            "pk", "name"
        )
    )
    statuses = dict(Message.Status.choices)
    total = sum(each["count"] for each in found.counts)
    return {
        "total": total,
        "rows": [
            {
                "room": names.get(UUID(each["room"]), each["room"]),
                "status": statuses[each["status"]],
                "count": each["count"],
            }
            for each in found.counts
        ],
        "sample": found.sample,
    }


@admin.register(Purge)
class PurgeAdmin(CreatedByService, PurgePage):
    """Removals of an author's latest messages: previewed, started and reversed."""

    making_form = PurgeForm
    making_fields = (
        "user_id", "hours", "room_id", "reason", "public_note", "previewed", FIELD,
    )  # fmt: skip
    making_permission = PURGE_MESSAGES
    making_label = _("Show what would be removed")
    making_done = _("The removal has begun.")

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Give the form what the viewer may see of messages."""
        form = super().get_form(request, obj, **kwargs)
        if obj is None:
            form.actor = staff(UUID(str(request.user.pk)))
            form.sees_texts = request.user.has_perm(VIEW_MESSAGE)
        return form

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show the preview, and what the button does then."""
        form = context["adminform"].form
        if (preview := getattr(form, "preview", None)) is not None:
            total = preview["total"]
            label = ngettext("Remove %d message", "Remove %d messages", total) % total
            form.errors.clear()  # to look at what is found is a step, and no mistake
            context |= {
                "errors": [],
                "preview": preview,
                "preview_template": "admin/enforcement/purge_preview.html",
                "making_label": label if total else gettext("Show it again"),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def make(self, request: HttpRequest, form: Any) -> UUID:
        """Start the purge, once for the same form."""
        given, actor_id = form.cleaned_data, UUID(str(request.user.pk))

        def start() -> UUID:
            purge, _is_new = purge_requests.start_purge(
                actor=staff(actor_id),
                since=given["since"],
                reason=given["reason"],
                public_note=given["public_note"],
                **form.about(),
            )
            return purge.pk

        return make_once(start, form, actor_id=actor_id, kind="purge")
