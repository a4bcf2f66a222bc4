from asgiref.sync import async_to_sync
from celery import shared_task
from channels.layers import get_channel_layer
from django.db import transaction

from tutorial.models import Message

BAD_WORDS = ["foder", "puta", "caralho", "buceta", "viado", "fuck", "shit", "cunt"]


@shared_task
def moderate(message_id):
    with transaction.atomic():
        message = Message.objects.select_for_update().get(pk=message_id)
        text = message.content.lower()
        bad = any(word in text for word in BAD_WORDS)
        message.status = Message.Status.REJECTED if bad else Message.Status.APPROVED
        message.save()
    if bad:
        group, kind = f"user_{message.author_id}", "message_rejected"
    else:
        group, kind = f"room_{message.room_id}", "chat_message"
    async_to_sync(get_channel_layer().group_send)(
        group, {"type": "chat_event", "frame": {"type": kind, "message": message.as_dict()}}
    )
