"""Steps of the tests in this folder."""

from django.db.models import F

from moderado.chat.models import Message
from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.models import Ruling
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.settling import settle_rulings
from tests.factories import make_user


def say(author, room, text):
    """Post a message and judge it; the message."""
    message_id = post_message(author_id=author.id, room_id=room.id, text=text).view.id
    screen_waiting()
    return Message.objects.get(pk=message_id)


def complain(message, reporter=None):
    """Report a message for hate, by a new user unless a reporter is given; the report."""
    reporter = reporter or make_user()
    found, _is_new = report(
        reporter_id=reporter.id, subject_type="message", subject_id=message.id, category="hate"
    )
    return found


def settle():
    """End the time in which rulings can be undone, and settle them."""
    Ruling.objects.filter(settled_at=None).update(undo_until=F("effective_at"))
    settle_rulings()
