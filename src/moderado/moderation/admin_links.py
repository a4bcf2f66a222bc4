"""Links of the admin to the subjects and rooms of its records, by name where viewers may open them.

A context registers how its records are named. Names are read once for a page.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from moderado.accounts.models import User
from moderado.moderation.labels import SUBJECTS

Names = Callable[[Collection[UUID]], Mapping[UUID, str]]

# Admin pages by kind of subject.
_PAGES = {
    "message": "chat_message",
    "room": "chat_room",
    "room_name": "chat_room",
    "person": "accounts_user",
    "user": "accounts_user",
    "user_name": "accounts_user",
    "case": "moderation_case",
    "ruling": "enforcement_ruling",
    "sanction": "enforcement_sanction",
    "appeal": "enforcement_appeal",
    "suspension": "enforcement_reportingsuspension",
    "queue": "enforcement_queue",
    "bulk": "enforcement_bulkruling",
    "purge": "enforcement_purge",
    "session": "accounts_session",
}
_SUBJECTS = {
    **SUBJECTS,
    "user": _("account"),
    "case": _("case"),
    "ruling": _("ruling"),
    "sanction": _("sanction"),
    "appeal": _("appeal"),
    "suspension": _("suspension of reporting"),
    "queue": _("queue"),
    "bulk": _("bulk ruling"),
    "purge": _("purge"),
    "session": _("session"),
    "policy": _("policy"),
}
_names: dict[str, Names] = {
    "accounts_user": lambda ids: dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a viewer may see: the pages that they may open, and names by id."""

    pages: Collection[str]
    names: Mapping[UUID, str]


_NOTHING = _Found(pages=(), names={})


class NamesSubjects:
    """Names the subject and the room of records in columns. Mixed into admin pages."""

    @display(description=_("subject"))
    def subject(self, row: Any) -> str:
        """Return the subject with its name."""
        return subject_link(row)

    @display(description=_("room"))
    def room(self, row: Any) -> str:
        """Return the room with its name, or a dash for records that belong to none."""
        return "-" if row.scope_id is None else room_link(row)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the names for the records of a list."""
        page = super().get_changelist_instance(request)  # type: ignore[misc]  # a mixin
        page.result_list = list(page.result_list)
        _find_names(page.result_list, request.user)
        return page

    def get_object(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        """Read the names for one record."""
        found = super().get_object(request, *args, **options)  # type: ignore[misc]  # a mixin
        if found is not None:
            _find_names([found], request.user)
        return found


def name_records_by(page: str, names: Names) -> None:
    """Let `names` name the records of an admin page, such as `chat_room`, by their ids."""
    _names[page] = names


def subject_link(row: Any) -> str:
    """Return the subject of a record: a link to its page, with its name if it has one.

    Viewers who may not open the page read the kind and the id.
    """
    return "-" if row.subject_id is None else _link(row, row.subject_type, row.subject_id)


def room_link(row: Any) -> str:
    """Return a link to the room of a record; the words for the whole server without one."""
    return str(_("whole server")) if row.scope_id is None else _link(row, "room", row.scope_id)


def _link(row: Any, kind: str, pk: UUID) -> str:
    page, words = _PAGES.get(kind), _kind(kind)
    found: _Found = getattr(row, "found_names", _NOTHING)
    if page is None or page not in found.pages:
        return f"{words} {pk}"
    url, name = reverse(f"admin:{page}_change", args=[pk]), found.names.get(pk, str(pk))
    link = '{} <a class="underline" href="{}"><bdi dir="auto">{}</bdi></a>'
    return format_html(link, words, url, name)


def _find_names(rows: Iterable[Any], viewer: Any) -> None:
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for row in rows:
        of_row = [
            ("room", getattr(row, "scope_id", None)),
            (getattr(row, "subject_type", ""), getattr(row, "subject_id", None)),
        ]
        for kind, pk in of_row:
            if pk is not None and kind in _PAGES:
                wanted[_PAGES[kind]].add(pk)
    pages = [page for page in wanted if _may_open(viewer, page)]
    names: dict[UUID, str] = {}
    for page, ids in wanted.items():
        if page in pages and page in _names:
            names |= _names[page](ids)
    for row in rows:
        row.found_names = _Found(pages=pages, names=names)


def _may_open(viewer: Any, page: str) -> bool:
    app, _separator, model = page.partition("_")
    return bool(viewer.has_perm(f"{app}.view_{model}"))


def _kind(subject_type: str) -> str:
    """Return the words for a kind of subject, or of a record of the admin."""
    if subject_type in _SUBJECTS:
        return str(_SUBJECTS[subject_type])
    named = (each._meta for each in apps.get_models())  # noqa: SLF001  (documented by Django)
    found = (meta.verbose_name for meta in named if meta.model_name == subject_type)
    return str(next(found, subject_type))
