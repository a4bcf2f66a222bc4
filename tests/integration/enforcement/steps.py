"""Steps of the tests in this folder."""

from django.db.models import F

from moderado.chat.models import Message
from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.models import Ruling
from moderado.enforcement.services.settling import settle_rulings


def say(author, room, text):
    """Post a message and judge it; the message."""
    message_id = post_message(author_id=author.id, room_id=room.id, text=text).view.id
    screen_waiting()
    return Message.objects.get(pk=message_id)


def settle():
    """End the time in which rulings can be undone, and settle them."""
    Ruling.objects.filter(settled_at=None).update(undo_until=F("effective_at"))
    settle_rulings()
