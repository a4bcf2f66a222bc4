"""Forms of the admin that write versions of policies and assign policies."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from moderado.core.admin_making import id_field
from moderado.core.errors import ApplicationError
from moderado.core.sent_once import FIELD as FIELD
from moderado.core.sent_once import SentOnce
from moderado.moderation.errors import InvalidPolicy
from moderado.moderation.labels import ROOM_TYPE_NAMES
from moderado.moderation.models import Policy, PolicyAssignment, PolicyVersion
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.services.policy_assignments import ROOM_TYPES
from moderado.moderation.services.policy_documents import parse_document
from moderado.moderation.services.policy_drafts import check_document

MAX_LENGTH = 1_000_000  # as files of the command line
assert tuple(ROOM_TYPE_NAMES) == ROOM_TYPES
NEW_DOCUMENT = """\
name: games
extends: default
rules:
- id: own
  words: [noob]
  category: insult
  outcome: hold
  must_hold: ["seu noob"]
  must_pass: ["boa partida"]
"""


class VersionForm(SentOnce, forms.ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    """The document of a version as YAML. Every mistake is shown, with its path and line."""

    yaml = forms.CharField(
        label=_("document"),
        max_length=MAX_LENGTH,
        strip=False,
        help_text=_(
            "YAML. A new name makes a new policy; with the name of a policy, this is its next"
            " version. Saving enables nothing: the page of the version shows first what would"
            " follow."
        ),
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 28, "spellcheck": "false", "class": "font-mono"}
        ),
    )

    class Meta:
        model = PolicyVersion
        fields = ("reason",)

    document: PolicyDocument

    def clean_yaml(self) -> str:
        """Read the document, and show what the service would refuse."""
        text: str = self.cleaned_data["yaml"]
        try:
            self.document = parse_document(yaml=text)
            check_document(self.document)
        except InvalidPolicy as refusal:
            raise ValidationError(list(_lines(refusal))) from None
        except ApplicationError as refusal:
            raise ValidationError(str(refusal)) from None
        return text


def _lines(refusal: InvalidPolicy) -> Iterable[str]:
    return (f"{path}: {said}" for path, said in refusal.fields.items())


class AssignmentForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in stubs only
    """A policy and the place where it applies: a room, a type of rooms, or the server."""

    policy = forms.ModelChoiceField(
        label=_("policy"),
        queryset=Policy.objects.filter(deleted_at=None).exclude(enabled=None).order_by("name"),
        widget=UnfoldAdminSelectWidget,
    )
    type_of_room = forms.ChoiceField(
        label=_("type of room"),
        required=False,
        choices=[("", "-"), *ROOM_TYPE_NAMES.items()],
        widget=UnfoldAdminSelectWidget,
    )
    room_id = id_field(
        _("room"),
        _("The id of the room. Without room and type, the policy is the server's."),
        is_required=False,
    )

    class Meta:
        model = PolicyAssignment
        fields = ("policy",)  # of the others, the model would refuse places that have a policy

    def clean(self) -> dict[str, Any]:
        """Refuse two places at once."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("type_of_room") and cleaned.get("room_id"):
            raise ValidationError(_("Choose a room or a type of room."))
        return cleaned
