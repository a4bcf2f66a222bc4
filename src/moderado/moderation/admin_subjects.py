"""What the admin shows beside a case. The context that owns the subject says what that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise

from moderado.accounts.models import User


class ShownCase(Protocol):
    """A case, as far as the owner of its subject needs to know it."""

    id: UUID
    subject_type: str
    subject_id: UUID
    revision: int
    scope_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A record of the admin, with a link for those who may open it."""

    label: str | Promise
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A visible message beside the text of the case."""

    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSubject:
    """The subject of a case: `status` of the revision, and whether others see it now.

    `successor`: the text that they see instead of it.
    """

    status: str | Promise = ""
    is_public: bool = False
    successor: str = ""
    links: Sequence[Link] = ()
    before: Sequence[Line] = ()
    after: Sequence[Line] = ()


Describe = Callable[[ShownCase, User], CaseSubject]
_describe: list[Describe] = []


def describe_subjects_by(describe: Describe) -> None:
    """Let `describe` say what the page of a case shows of its subject."""
    _describe[:] = [describe]


def subject_of(case: ShownCase, viewer: User) -> CaseSubject:
    """Return what the viewer may see of the subject of a case."""
    return _describe[0](case, viewer) if _describe else CaseSubject()


def link(label: str | Promise, text: str, *, model: str, pk: UUID, viewer: User) -> Link:
    """Return a link to the page of a record, such as `chat.room`, if the viewer may open it."""
    app, _, name = model.partition(".")
    may_open = viewer.has_perm(f"{app}.view_{name}")
    url = reverse(f"admin:{app}_{name}_change", args=[pk]) if may_open else ""
    return Link(label=label, text=text, url=url)
