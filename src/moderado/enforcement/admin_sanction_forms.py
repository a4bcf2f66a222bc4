"""The form of the admin that imposes a sanction outside of a case."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from moderado.core.admin_making import CreationForm, id_field
from moderado.enforcement.admin_case_acts import reason_choices
from moderado.enforcement.admin_case_measures import TERMS, takes_term, term_choices
from moderado.enforcement.models import Sanction
from moderado.enforcement.types import MeasureScope
from moderado.enforcement.written_reasons import NOTE_LENGTH


class AboutPerson(CreationForm, forms.Form):
    """What staff write about a person: whom, where, why, and a note."""

    FIELDS: ClassVar = {"user": "user_id", "term_seconds": "term", "room": "room_id"}
    user_id = id_field(_("person"), _("The id of the account, as on its page."))
    room_id = id_field(_("room"), _("The id of the room, as on its page."), is_required=False)
    reason = forms.ChoiceField(
        label=_("reason"), choices=reason_choices, widget=UnfoldAdminSelectWidget
    )
    public_note = forms.CharField(
        label=_("Note for the person"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class SanctionForm(AboutPerson):
    kind = forms.ChoiceField(
        label=_("kind"),
        choices=[("", _("Choose a measure")), *Sanction.Kind.choices],
        widget=UnfoldAdminSelectWidget,
    )
    place = forms.ChoiceField(
        label=_("where"),
        choices=[
            ("", _("Choose a place")),
            (MeasureScope.ROOM, _("in the room")),
            (MeasureScope.SERVER, _("on the whole server")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    term = forms.ChoiceField(
        label=_("how long"),
        choices=term_choices,
        required=False,
        help_text=_("Warnings have no term, and the policy says how long a strike counts."),
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        """Refuse a place that is not clear: a guess might ban from the server."""
        cleaned = super().clean()
        place, room_id = cleaned.get("place"), cleaned.get("room_id")
        if place == MeasureScope.ROOM and room_id is None:
            raise ValidationError({"room_id": _("Name the room.")})
        if place == MeasureScope.SERVER and room_id is not None:
            raise ValidationError({"room_id": _("The measure is on the whole server: no room.")})
        if takes_term(cleaned.get("kind", "")) and not cleaned.get("term"):
            raise ValidationError({"term": _("Choose a term from the list.")})
        return cleaned

    def scope_and_term(self) -> tuple[UUID | None, timedelta | None]:
        """Return the room and the term of a valid form."""
        term = TERMS[self.cleaned_data["term"]] if self.cleaned_data["term"] else None
        return self.cleaned_data["room_id"], term
