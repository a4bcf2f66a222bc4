"""Writes the parts of an export: JSON for programs, and HTML for its owner to read (ADR 0080).

A slice writes pages of messages until its time is over. Each page is stored with the checkpoint in
one transaction, so that a worker that dies loses one page.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.template.loader import render_to_string
from django.utils import translation

from moderado.accounts.models import Session, User
from moderado.chat.models import Membership, Message, Revision
from moderado.core import clock
from moderado.core.slices import steps_of_slice
from moderado.enforcement.services import exports
from moderado.enforcement.services.exportable import records_of
from moderado.enforcement.services.exports import Export

PAGE = 200  # messages in one file

has_work = exports.has_work


def run_slice() -> bool:
    """Run one slice of the export that waits the longest.

    Returns:
        Whether a slice was run: then there may be more to do.
    """
    export = exports.claim_export()
    if export is None:
        return False
    user = User.objects.get(pk=export.user_id)
    for _ in steps_of_slice():
        if export.total is None:
            export.total = Message.objects.filter(author=user).count()
        page = _messages(user.id, export.checkpoint)
        if not page:
            exports.save_parts(export, _overview(user, export), is_last=True)
            return True
        export.done += len(page)
        export.checkpoint = page[-1]["id"]
        if not exports.save_parts(export, _files_of(user, export, page), is_last=False):
            return True
    exports.release(export)
    return True


def _messages(author_id: UUID, after: UUID | None) -> list[dict[str, Any]]:
    rows = Message.objects.filter(author=author_id).select_related("room").order_by("id")
    if after is not None:
        rows = rows.filter(id__gt=after)
    page = list(rows[:PAGE])
    revisions: dict[UUID, list[dict[str, Any]]] = {}
    for each in Revision.objects.filter(message__in=page).order_by("revision"):
        kept = {"revision": each.revision, "content": each.text, "status": each.status}
        revisions.setdefault(each.message_id, []).append(kept)
    return [_message(message, revisions.get(message.id, [])) for message in page]


def _message(message: Message, revisions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    edit = None
    if message.edit_status:
        edit = {
            "revision": message.edit_revision,
            "content": message.edit_text,
            "status": message.edit_status,
        }
    return {
        "id": message.id,
        "room": {"id": message.room_id, "name": message.room.name},
        "client_id": message.client_id,
        "content": message.text,
        "status": message.status,
        "reason": message.reason,
        "categories": message.categories,
        "revision": message.revision,
        "earlier_revisions": revisions,
        "edit": edit,
        "reply_to": message.reply_to_id,
        "created_at": message.created_at,
        "edited_at": message.edited_at,
        "published_at": message.published_at,
    }


def _files_of(
    user: User, export: Export, page: Sequence[dict[str, Any]]
) -> list[tuple[str, bytes]]:
    name = f"messages/{export.parts // 2 + 1:05}"
    return [
        (f"{name}.json", _json(page)),
        (f"{name}.html", _html(user, "messages", {"messages": page})),
    ]


def _overview(user: User, export: Export) -> list[tuple[str, bytes]]:
    """Return what is not a message, and the page that leads to everything."""
    memberships = Membership.objects.filter(user=user).select_related("room").order_by("id")
    sessions = Session.objects.filter(user=user).order_by("id")
    found = {
        "account": {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "language": user.language,
            "created_at": user.created_at,
            "last_login": user.last_login,
        },
        "rooms": [
            {
                "id": each.room_id,
                "name": each.room.name,
                "role": each.role,
                "read_seq": each.read_seq,
                "since": each.created_at,
            }
            for each in memberships
        ],
        "sessions": [
            {"user_agent": each.user_agent, "created_at": each.created_at, "used_at": each.used_at}
            for each in sessions
        ],
        **records_of(user_id=user.id),
    }
    pages = [f"messages/{number + 1:05}.html" for number in range(export.parts // 2)]
    shown = {"sections": found, "pages": pages, "count": export.done, "at": clock.estimated()}
    return [("account.json", _json(found)), ("index.html", _html(user, "index", shown))]


def _json(content: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def _html(user: User, page: str, context: dict[str, Any]) -> bytes:
    with translation.override(user.language):
        shown = {"language": user.language, **context}
        return render_to_string(f"chat/export_{page}.html", shown).encode()
