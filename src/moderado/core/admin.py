"""Base classes of the admin pages, and the audit lines of what staff do there.

What a page does without a service that writes a line of the audit of staff gets one here.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, cast
from uuid import UUID

import structlog
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from moderado.core.admin_reading import ReadOnly as ReadOnly
from moderado.core.errors import ApplicationError, Invalid
from moderado.core.events import publish
from moderado.core.staff_actions import StaffActed
from moderado.core.text import clean_line

log = structlog.get_logger(__name__)

# The words for the names of actions in audit lines.
ACTIONS = {
    "allow": _("Approve"),
    "block": _("Block"),
    "flag": _("Keep as doubtful"),
    "rule": _("Decide"),
    "claim": _("Claim"),
    "undo": _("Undo"),
    "reverse": _("Reverse"),
    "lift": _("Lift"),
    "release": _("Release"),
    "uphold": _("Uphold the decision"),
    "overturn": _("Overturn the decision"),
    "close": _("Close for everybody"),
    "appoint": _("Make administrators of their rooms"),
    "remove": _("Remove from their rooms"),
    "remove_from_bank": _("Remove from the bank"),
    "deactivate": _("Deactivate, and end every session"),
    "end_sessions": _("End every session"),
    "end": _("End"),
    "revoke": _("Revoke"),
    "enable": _("Enable"),
    "evidence": _("Make an evidence package"),
    "cancel": _("Cancel"),
    "backtest": _("Backtest"),
    "roll_back": _("Roll back to the version before"),
    "freeze": _("Make read-only"),
    "newcomers_wait": _("Let newcomers wait"),
    "slow_mode": _("Slow mode"),
    "end_measures": _("End the measures"),
    "delete_policy": _("Delete"),
    "unassign": _("Assign no more"),
}


class PageWithContext:
    """An admin page whose template shows more than the fields of its record."""

    def page_context(self, request: HttpRequest, record: Any) -> dict[str, Any]:
        """Return what the template of a record's page reads, for a user who may view it."""
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        site: Any = self
        record = site.get_object(request, object_id) if object_id else None
        if record is not None and site.has_view_permission(request, record):
            extra_context = {**(extra_context or {}), **self.page_context(request, record)}
        return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]  # a mixin


class AuditedReading:
    """An admin page that writes an audit line for each view of its list or of one record."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        _audit_view(self, request, None)
        return super().changelist_view(request, extra_context)  # type: ignore[misc]  # a mixin

    def render_change_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Write the audit line of the record that is shown; its permission was checked before."""
        record = kwargs.get("obj")
        if record is not None and request.method == "GET":
            _audit_view(self, request, record)
        return super().render_change_form(request, *args, **kwargs)  # type: ignore[misc]  # a mixin


class DeletedAlone:
    """An admin page whose confirmation of a deletion names the records, and not the rows of joins.

    Their names say nothing to people.
    """

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, Any]:
        """Return what is shown: each record by its kind, and their number."""
        _, _, needed, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]  # a mixin
        meta: Any = getattr(self, "opts")  # noqa: B009  (of the admin page that mixes it in)
        listed = [f"{capfirst(meta.verbose_name)}: {each}" for each in objs]
        return listed, {meta.verbose_name_plural: len(listed)}, needed, protected


class CleanName:
    """A form that cleans its field `name` as the services do, and shows what is wrong with it."""

    fields: dict[str, Any]
    cleaned_data: dict[str, Any]

    def clean_name(self) -> str:
        name, longest = self.cleaned_data["name"], self.fields["name"].max_length
        try:
            return clean_line(name, max_length=longest, field="name")
        except Invalid as error:
            raise ValidationError(str(error.fields["name"])) from None


class Colours(dict[Any, str]):
    """Colours of a column of labels. Without an entry, unfold would show the code of a value."""

    def __missing__(self, _: object) -> str:
        return ""


class Audited:
    """Logs what Django's forms change, too. The lines contain ids and names of fields only.

    `services_audit`: the services that the page calls write the lines of the audit of staff; or
    the names of the actions whose services do.
    """

    services_audit: bool | Collection[str] = False

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        _log(self, request, obj, "add", "done")
        return super().log_addition(request, obj, message)  # type: ignore[misc]  # a mixin

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        if not isinstance(message, str):  # a list: from Django's own form
            _log(self, request, obj, "change", "done", fields=_fields(message))
        return super().log_change(request, obj, message)  # type: ignore[misc]  # a mixin

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Show what was done in the language of the reader. Audit lines are codes."""
        page = super().history_view(request, object_id, *args, **kwargs)  # type: ignore[misc]  # a mixin
        for entry in (getattr(page, "context_data", None) or {}).get("action_list", ()):
            entry.change_message = _in_words(entry.change_message)
        return page

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            _log(self, request, obj, "delete", "done")
        return super().log_deletions(request, queryset)  # type: ignore[misc]  # a mixin


def propose_in_admin(
    site: "admin.ModelAdmin[Any]", request: HttpRequest, propose: Callable[[], object]
) -> None:
    """Propose what its author may not decide, and say that it is judged, or why it is refused."""
    try:
        with transaction.atomic():
            propose()
    except ApplicationError as refusal:
        site.message_user(request, str(refusal), messages.ERROR)
        return
    text = _("Others see your own name, or that of your room, once it has been judged.")
    site.message_user(request, text, messages.INFO)


def act_on_each(
    site: "admin.ModelAdmin[Any]",
    request: HttpRequest,
    chosen: Iterable[Any],
    action: str,
    act: Callable[[Any], object],
) -> int:
    """Act on each of `chosen`. Each gets an audit line, whether it succeeds or is refused.

    Args:
        site: The admin page.
        request: Whose session acts.
        chosen: The records.
        action: The name of the action in audit lines.
        act: Calls the service for one record.

    Returns:
        How many succeeded. The page shows the reasons of the others as warnings.
    """
    rows = list(chosen)
    done = 0
    refusals: dict[str, None] = {}
    for one in rows:
        try:
            act(one)  # in its own transaction: a refusal may change something, too
        except ApplicationError as refusal:
            record_action(site, request, one, action, refusal.code)
            prefix = f"{one}: " if len(rows) > 1 else ""
            refusals[f"{prefix}{_explained(refusal)}"] = None
        else:
            record_action(site, request, one, action, "done")
            done += 1
    for refusal_text in refusals:
        site.message_user(request, refusal_text, messages.WARNING)
    return done


def record_action(
    site: "admin.ModelAdmin[Any]", request: HttpRequest, one: models.Model, action: str, result: str
) -> None:
    """Write the audit line of an action: to the history of the record, and to the log.

    Args:
        site: The admin page.
        request: Whose session acted.
        one: The record.
        action: The name of the action.
        result: `done`, or the code of the refusal.
    """
    site.log_change(request, one, f"{action}: {result}")
    _log(site, request, one, action, result)


def _audit_view(site: object, request: HttpRequest, record: models.Model | None) -> None:
    meta: Any = getattr(site, "opts")  # noqa: B009  (of the admin page that mixes it in)
    publish(
        StaffActed(
            actor_id=cast("UUID", request.user.pk),
            action="admin_listed" if record is None else "admin_read",
            subject_type=str(meta.model_name),
            subject_id=None if record is None else record.pk,
        )
    )


def _in_words(line: str) -> str:
    """Return the words for a line such as `remove: last_admin`; other texts as they are."""
    action, separator, result = line.partition(": ")
    if not separator or action not in ACTIONS:
        return line
    refusals = {one.code: one.message for one in _refusals(ApplicationError)}
    outcome = _("done") if result == "done" else refusals.get(result, result)
    return f"{ACTIONS[action]}: {outcome}"


def _refusals(kind: type[ApplicationError]) -> Iterable[type[ApplicationError]]:
    for refusal in kind.__subclasses__():
        yield refusal
        yield from _refusals(refusal)


def _explained(refusal: ApplicationError) -> str:
    fields = refusal.fields.values() if isinstance(refusal, Invalid) else ()
    return " ".join(map(str, fields)) or str(refusal)


def _log(
    site: object,
    request: HttpRequest,
    one: models.Model,
    action: str,
    result: str,
    **details: object,
) -> None:
    audited = getattr(site, "services_audit", False)
    if result == "done" and not (audited if isinstance(audited, bool) else action in audited):
        publish(
            StaffActed(
                actor_id=cast("UUID", request.user.pk),
                action=f"admin_{action}",
                subject_type=str(one._meta.model_name),  # noqa: SLF001  (documented by Django)
                subject_id=one.pk if isinstance(one.pk, UUID) else None,
                details={"record": str(one.pk), **details},
            )
        )
    log.info(
        "admin_acted",
        actor_id=str(request.user.pk),
        action=action,
        result=result,
        record=one._meta.label_lower,  # noqa: SLF001  (documented by Django)
        record_id=str(one.pk),
        **details,
    )


def _fields(message: Iterable[Any]) -> list[str]:
    changed = [part["changed"]["fields"] for part in message if "changed" in part]
    return sorted({str(field) for fields in changed for field in fields})
