"""Steps of the tests in this folder: post, edit, judge, rule."""

from contextlib import suppress
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from moderado.chat.models import Message
from moderado.chat.services import rulings, screening
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.core.ids import new_id
from moderado.moderation.errors import CaseSuperseded
from moderado.moderation.events import CaseDecided
from tests.processes import wait_until


def post(author, room, text="bom dia"):
    view = post_message(author_id=author.id, room_id=room.id, text=text).view
    return Message.objects.get(pk=view.id)


def edit(message, text):
    """Edit as the author; the author's view."""
    view = edit_message(actor_id=message.author_id, message_id=message.id, text=text)
    message.refresh_from_db()
    return view


def judge(*messages):
    """Judge everything that waits."""
    screening.screen_waiting()
    for message in messages:
        message.refresh_from_db()


def age(**ago):
    """Make the messages wait since so long ago."""
    Message.objects.update(queued_at=timezone.now() - timedelta(**ago))


def rule(message, outcome, revision=None):
    """Apply a moderator's ruling, by default on the main revision. It may have no effect."""
    event = CaseDecided(
        case_id=message.id,
        subject_type="message",
        subject_id=message.id,
        revision=revision or message.revision,
        outcome=outcome,
        actor_id=new_id(),
    )
    with suppress(CaseSuperseded), transaction.atomic():
        rulings.apply_ruling(event)
    message.refresh_from_db()


def wait_until_settled():
    """Wait until every transaction that is open now has ended.

    Tests that run beside this one have transactions in other databases of the same server.
    """
    newest = _snapshot("xmax")
    # A test keeps its transaction open until it ends.
    wait_until(lambda: _snapshot("xmin") >= newest, what="no transaction of then", seconds=120)


def _snapshot(part):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_snapshot_{part}(pg_current_snapshot())::text::bigint")
        return cursor.fetchone()[0]
