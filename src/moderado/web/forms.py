"""Forms of sign-in and registration. `accounts` validates what they submit."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.accounts.services.accounts import MAX_PASSWORD_LENGTH
from moderado.accounts.services.invitations import CODE_LENGTH
from moderado.core.errors import Invalid
from moderado.enforcement.services.appeals import TEXT_LENGTH

TOKEN_LENGTH = 4_096


class AccessibleForm(forms.Form):
    """Marks fields with errors for assistive technology and focuses the first of them."""

    template_name = "web/form.html"

    def add_refusal(self, error: Invalid) -> None:
        """Show the sentences of `error`, one a line, at their fields or above the form."""
        for field, sentences in error.fields.items():
            lines: Any = str(sentences).splitlines()
            self.add_error(field if field in self.fields else None, lines)

    def mark_errors(self) -> None:
        faulty = [name for name in self.fields if name in self.errors]  # as they are shown
        for name in faulty:
            attributes = self.fields[name].widget.attrs
            attributes |= {"aria-invalid": "true", "aria-describedby": f"error-{name}"}
        if faulty:
            for field in self.fields.values():
                field.widget.attrs.pop("autofocus", None)  # a page has one
            self.fields[faulty[0]].widget.attrs["autofocus"] = True


def _email(**attributes: Any) -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", **attributes}
        ),
    )


class SignInForm(AccessibleForm):
    email = _email(autofocus=True)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class RegistrationForm(AccessibleForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=User.name.field.max_length,
        help_text=_("How others see you."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    email = _email()
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least 10 characters, and not a common one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    invitation = forms.CharField(
        label=_("Invitation"),
        max_length=CODE_LENGTH,
        help_text=_("The code that you were given."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.REGISTRATION != "invite":
            del self.fields["invitation"]


class AppealForm(AccessibleForm):
    token = forms.CharField(max_length=TOKEN_LENGTH, widget=forms.HiddenInput())
    text = forms.CharField(
        label=_("Why the decision is wrong"),
        max_length=TEXT_LENGTH,
        help_text=_("Another person than the first one decides. You can appeal once."),
        widget=forms.Textarea(attrs={"rows": "6", "autofocus": True}),
    )


class PasswordChangeForm(AccessibleForm):
    current_password = forms.CharField(
        label=_("Current password"),
        max_length=MAX_PASSWORD_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label=_("New password"),
        max_length=MAX_PASSWORD_LENGTH,
        strip=False,
        help_text=_("Your other sessions end."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
