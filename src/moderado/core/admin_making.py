"""Admin pages that create records by a service, which may refuse with a reason for the form."""

from collections.abc import Callable
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminUUIDInputWidget

from moderado.core.errors import ApplicationError, Invalid
from moderado.core.sent_once import SentOnce


def id_field(label: Any, help_text: Any, *, is_required: bool = True) -> forms.UUIDField:
    """Return a field for the id of a record, which staff copy from its page."""
    return forms.UUIDField(
        label=label,
        help_text=help_text,
        required=is_required,
        widget=UnfoldAdminUUIDInputWidget,
    )


class CreationForm(SentOnce):
    """A form that is shown again, with `refusal` at its fields, if its service refuses it.

    `FIELDS` maps the names of fields in the errors of the service to those of the form.
    """

    FIELDS: ClassVar[dict[str, str]] = {}
    refusal: ApplicationError | None = None
    model: type[models.Model]

    def __init__(self, *args: Any, instance: Any = None, **kwargs: Any) -> None:
        """Take what the admin gives to forms of models."""
        super().__init__(*args, **kwargs)
        self.instance = self.model() if instance is None else instance
        for field in self.fields.values():
            field.label = capfirst(field.label or "")

    def clean(self) -> dict[str, Any]:
        """Add what the service has refused."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.refusal is not None:
            raise ValidationError(self._errors_of(self.refusal))
        return cleaned

    def _errors_of(self, refusal: ApplicationError) -> dict[str, list[str]]:
        said = refusal.fields if isinstance(refusal, Invalid) else {}
        errors: dict[str, list[str]] = {}
        for name, text in said.items():
            own = self.FIELDS.get(name, name)
            errors.setdefault(own if own in self.fields else NON_FIELD_ERRORS, []).append(str(text))
        return errors or {NON_FIELD_ERRORS: [str(refusal)]}


class CreatedByService:
    """Creates records by `make`. Mixed into an admin page of records that are never edited."""

    making_form: type[forms.BaseForm]
    making_fields: ClassVar[tuple[str, ...]] = ()
    making_permission: str = ""
    making_label: str | Promise = _("Save")
    add_form_template = "admin/making_form.html"
    # A method of each page: creates by a service what a valid form asks for, and returns its id.
    make: Callable[[HttpRequest, Any], UUID]

    def has_add_permission(self, *arguments: object) -> bool:
        return cast("HttpRequest", arguments[0]).user.has_perm(self.making_permission)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the form that creates a record, with what the service has refused."""
        if obj is not None:
            return super().get_form(request, obj, **kwargs)  # type: ignore[misc]  # a mixin
        model: Any = getattr(self, "model")  # noqa: B009  (of the admin page that mixes it in)
        refused = {"refusal": getattr(request, "refusal", None), "model": model}
        return type(self.making_form.__name__, (self.making_form,), refused)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ((None, {"fields": self.making_fields}),)
        return super().get_fieldsets(request, obj)  # type: ignore[misc]  # a mixin

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the values of the address, for fields of the form alone."""
        return {name: request.GET[name] for name in self.making_fields if name in request.GET}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        view: Any = super().changeform_view  # type: ignore[misc]  # a mixin
        if object_id is not None:
            return view(request, object_id, form_url, extra_context)
        context = {**(extra_context or {}), "making_label": self.making_label}
        try:
            with transaction.atomic():
                return view(request, None, form_url, context)
        except ApplicationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]  # read by `get_form`
            return view(request, None, form_url, context)

    def save_form(self, request: HttpRequest, form: Any, change: Any) -> Any:
        """Return a record without values: the service stores it."""
        del request, form, change
        return cast("Any", self).model()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Create the record by the service, and show the one that it stored."""
        if change:
            raise PermissionDenied
        obj.pk = self.make(request, form)
        obj.refresh_from_db()

    def save_related(self, *_arguments: object) -> None:
        """Do nothing: the service has stored all of it."""

    def construct_change_message(self, *_arguments: object, **_named: object) -> Any:
        return [{"added": {}}]

    def response_add(
        self, request: HttpRequest, obj: models.Model, *_: Any, **__: Any
    ) -> HttpResponse:
        """Show the record to those who may see it."""
        site: Any = self
        meta = site.opts
        site.message_user(request, self.making_done)
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk])
        may_view = site.has_view_permission(request, obj)
        return HttpResponseRedirect(page if may_view else reverse("admin:index"))

    making_done: str | Promise = _("Saved.")
