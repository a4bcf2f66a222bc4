"""What the admin shows beside a case about a message, a room name or a user name."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import User
from moderado.chat.models import Message
from moderado.chat.selectors.review import SUPERSEDED, surroundings
from moderado.chat.services.restricted_reading import audit_case_view
from moderado.chat.types import MESSAGE, ROOM_NAME, USER_NAME, MessageView
from moderado.moderation.admin_subjects import CaseSubject, Line, Link, ShownCase, link

_STATUSES = {**dict(Message.Status.choices), SUPERSEDED: _("replaced by another text")}
_AROUND = 5  # messages before and after


def case_subject(case: ShownCase, viewer: User) -> CaseSubject:
    """Return what the viewer may see of the subject of a case. The view may leave an audit line."""
    audit_case_view(actor_id=viewer.pk, is_staff=True, case_id=case.id, room_id=case.scope_id)
    found = surroundings([case], viewer=viewer, before=_AROUND, after=_AROUND)[case.id]
    return CaseSubject(
        status=_STATUSES.get(found.message_status or "", ""),
        is_public=found.is_public,
        successor=found.successor or "",
        links=list(_links(case, viewer, found.room_name)),
        before=[_line(view) for view in found.context.before],
        after=[_line(view) for view in found.context.after],
    )


def _links(case: ShownCase, viewer: User, room_name: str | None) -> Iterator[Link]:
    if case.subject_type == MESSAGE:
        text = str(case.subject_id)
        yield link(_("message"), text, model="chat.message", pk=case.subject_id, viewer=viewer)
    if case.subject_type == USER_NAME:
        text = str(case.subject_id)
        yield link(_("account"), text, model="accounts.user", pk=case.subject_id, viewer=viewer)
    room_id = case.subject_id if case.subject_type == ROOM_NAME else case.scope_id
    if room_id is not None:
        text = room_name or str(room_id)
        yield link(_("room"), text, model="chat.room", pk=room_id, viewer=viewer)


def _line(view: MessageView) -> Line:
    return Line(author=view.author.name, text=view.content)
