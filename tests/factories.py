"""Valid objects with default values. Every argument can be overridden."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.accounts.models import User
from moderado.accounts.services import sessions
from moderado.chat.models import Membership, Message, Room
from moderado.core.ids import new_id
from moderado.enforcement.models import Notice, Report, ReportingSuspension
from moderado.enforcement.notice_codes import digest_of, new_code, new_protocol
from moderado.enforcement.services.cases import open_or_join
from moderado.moderation.models import Case

PASSWORD = "correct horse battery"
_numbers = count(1)


def make_user(**fields: Any) -> User:
    number = next(_numbers)
    defaults = {"email": f"person{number}@example.org", "name": f"Person {number}"}
    return User.objects.create_user(**{"password": PASSWORD, **defaults, **fields})


def token_of(user: User) -> str:
    """Return an access token of a new session."""
    return sessions.tokens_of(session=sessions.open_session(user=user)).access


def client_of(user: User) -> APIClient:
    """Return a REST client with an access token of a new session."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user)}")
    return client


ENFORCING = (
    "reverse_ruling", "bulk_rule", "purge_messages", "add_queue", "change_queue", "delete_queue",
)  # fmt: skip
MODERATING = ("view_case", "claim_case", "decide_case", "view_moderationlog", "view_message")
POLICING = ("view_policy", "add_policy", "enable_policy", "delete_policy")
EVALUATING = ("view_evaluation", "add_evaluation")
SANCTIONING = ("view_sanction", "add_sanction", "lift_sanction")
REPORTING = ("suspend_reporting", "view_appeal", "decide_appeal")
PRESERVING = ("make_evidence", "view_bankedtext", "add_bankedtext", "delete_bankedtext")
AUDITING = ("view_auditline",)
INVITING = ("add_invitation", "view_invitation", "delete_invitation")


def make_staff(*permissions: str, **fields: Any) -> User:
    """Create staff with these permissions, or else with those to moderate the whole server."""
    user = make_user(**{"is_staff": True, **fields})
    granted = User.user_permissions.through  # without signals: a new account loses no right
    known = _permissions()
    granted.objects.bulk_create(
        granted(user_id=user.pk, permission_id=pk)
        for name in set(permissions or MODERATING)
        for pk in known[name]
    )
    return user


@cache
def _permissions() -> Mapping[str, Sequence[int]]:
    """Return the ids of permissions by their codename; `databases.empty` keeps them."""
    found = defaultdict[str, list[int]](list)
    for pk, name in Permission.objects.values_list("pk", "codename"):
        found[name].append(pk)
    return found


def make_room(**fields: Any) -> Room:
    """Create a public room with mode `pre` and no participants."""
    defaults = {"name": f"room {next(_numbers)}"}
    fields.setdefault("created_by", None)
    fields["created_by"] = fields["created_by"] or make_user()
    return Room.objects.create(**{**defaults, **fields})


def make_member(room: Room | None = None, **fields: Any) -> Membership:
    room = room or make_room()
    fields.setdefault("user", None)
    fields["user"] = fields["user"] or make_user()
    return Membership.objects.create(room=room, **fields)


def make_message(room: Room | None = None, **fields: Any) -> Message:
    """Create a message row directly; the product uses the posting service."""
    room = room or make_room()
    fields.setdefault("author", None)
    fields["author"] = fields["author"] or make_member(room).user
    defaults = {
        "client_id": str(new_id()),
        "first_hash": b"\0" * 16,
        "text": "bom dia",
        "position": room.seq,
    }
    return Message.objects.create(room=room, **{**defaults, **fields})


def fill_room(room: Room, author: User, count: int, text: str = "bom dia") -> None:
    """Create `count` published messages with one timestamp in one statement; `#` is the number."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO chat_message (id, created_at, room_id, author_id, first_hash, text,
                revision, status, reason, categories, position, seq, edit_reason,
                edit_categories, fence, attempts)
            SELECT gen_random_uuid(), '2026-01-01', %s, %s, '', replace(%s, '#', n::text),
                1, 'APPROVED', '', '{}', n, n, '', '{}', 0, 0
            FROM generate_series(1, %s) AS n
            """,
            [room.id, author.id, text, count],
        )


def make_rejected_reports(reporter: User, count: int = 10) -> Report:
    """Create reports without action, as many as a suspension asks for; return one of them."""
    with transaction.atomic():
        case = open_or_join(
            subject_type="person", subject_id=new_id(), revision=1, scope_id=None, author_id=None,
            origin=Case.Origin.REPORT, categories=[], text="",
        )  # fmt: skip
    made = Report.objects.bulk_create(
        Report(
            reporter=reporter, subject_type="person", subject_id=new_id(), revision=1,
            category="spam", case=case, state="decided", outcome="no_action", is_upheld=False,
            decided_at=timezone.now(),
        )
        for _ in range(count)
    )  # fmt: skip
    return made[0]


def make_suspension(user: User) -> ReportingSuspension:
    """Suspend a user from reporting for a day, whatever the record of their reports."""
    return ReportingSuspension.objects.create(
        user=user,
        reason="-",
        ends_at=timezone.now() + timedelta(days=1),
        decided_reports=10,
        rejected_reports=10,
    )


def make_notice(**fields: Any) -> tuple[Notice, str]:
    """Create a notice that waits for its code, and return both."""
    given = {
        "protocol": new_protocol(2026), "name": "Bia", "email": f"bia{next(_numbers)}@example.org",
        "role": "victim", "language": "en", "reference": str(new_id()), "category": "hate",
        "text": "-", "code_expires_at": timezone.now() + timedelta(days=1),
    }  # fmt: skip
    notice, code = Notice.objects.create(**{**given, **fields}), new_code()
    notice.code_digest = digest_of(notice.id, code)
    notice.save()
    return notice, code


# Queued messages, without a wake-up.
QUEUE = """
    INSERT INTO chat_message (id, created_at, room_id, author_id, client_id, first_hash, text,
        revision, status, reason, categories, position, seq, edit_reason, edit_categories,
        queued_at, fence, attempts)
    SELECT gen_random_uuid(), now(), %(room)s, %(author)s, 'queued-' || n, '',
        replace(%(text)s, '#', n::text), 1, 'PENDING', '', '{}', 0, 0, '', '{}', now(), 0, 0
    FROM generate_series(1, %(count)s) AS n
"""


def fill_queue(room: Room, author: User, count: int, text: str = "bom dia") -> None:
    """Create `count` queued messages in one statement; `#` is their number."""
    values: dict[str, Any] = {"room": room.id, "author": author.id, "text": text, "count": count}
    with connection.cursor() as cursor:
        cursor.execute(QUEUE, values)
