"""Steps of the tests in this folder."""

from moderado.chat.models import Message
from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting


def say(author, room, text):
    """Post a message and judge it; the message."""
    message_id = post_message(author_id=author.id, room_id=room.id, text=text).view.id
    screen_waiting()
    return Message.objects.get(pk=message_id)
