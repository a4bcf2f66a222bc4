"""Forms of the public page for notices. `enforcement` validates what they submit."""

from django import forms
from django.utils.translation import gettext_lazy as _

from moderado.core.sent_once import SentOnce
from moderado.enforcement.labels import NOTICE_ROLES, REPORT_CATEGORIES
from moderado.enforcement.models.notices import (
    EMAIL_LENGTH,
    NAME_LENGTH,
    REFERENCE_LENGTH,
    TEXT_LENGTH,
)
from moderado.web.forms import AccessibleForm

_CODE_LENGTH = 32  # as it may be typed


class NoticeForm(SentOnce, AccessibleForm):
    name = forms.CharField(
        label=_("Your name"),
        max_length=NAME_LENGTH,
        required=False,  # the service says why an anonymous notice is refused
        help_text=_(
            "The law does not allow anonymous notices. The author of the content does not see "
            "your name."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "name", "required": True}),
    )
    email = forms.CharField(
        label=_("Your e-mail"),
        max_length=EMAIL_LENGTH,
        required=False,
        help_text=_("You get a code there to confirm the notice, and hear of the outcome."),
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "autocapitalize": "none", "required": True}
        ),
    )
    role = forms.ChoiceField(label=_("You are"), choices=NOTICE_ROLES)
    subject = forms.CharField(
        label=_("Content"),
        max_length=REFERENCE_LENGTH,
        help_text=_("The address of the page, or the id of a message, person or room."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    category = forms.ChoiceField(label=_("Reason"), choices=REPORT_CATEGORIES)
    text = forms.CharField(
        label=_("Explanation"),
        max_length=TEXT_LENGTH,
        help_text=_("Why should it be removed? At most 4,000 characters."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class CodeForm(AccessibleForm):
    code = forms.CharField(
        label=_("Code from the e-mail"),
        max_length=_CODE_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}
        ),
    )


class ProtocolForm(AccessibleForm):
    protocol = forms.CharField(
        label=_("Protocol number"),
        max_length=_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
