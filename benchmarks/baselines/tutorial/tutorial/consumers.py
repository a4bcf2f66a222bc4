import jwt
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import User

from tutorial.models import Message
from tutorial.tasks import moderate


class ChatConsumer(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.room_id = self.scope["url_route"]["kwargs"]["room_id"]
        self.user = await self.get_user()
        if self.user is None:
            await self.close(code=4001)
            return
        await self.channel_layer.group_add(f"room_{self.room_id}", self.channel_name)
        await self.channel_layer.group_add(f"user_{self.user.pk}", self.channel_name)
        await self.accept()
        await self.send_json({"type": "connection_established", "room": self.room_id})

    async def disconnect(self, code):
        if self.user is not None:
            await self.channel_layer.group_discard(f"room_{self.room_id}", self.channel_name)
            await self.channel_layer.group_discard(f"user_{self.user.pk}", self.channel_name)

    async def receive_json(self, content):
        if content.get("type") != "chat_message" or not content.get("message"):
            await self.send_json({"type": "error", "message": "unknown frame"})
            return
        message = await self.save(content["message"], content.get("client_id", ""))
        await self.send_json({"type": "message_queued", "message": message})

    async def chat_event(self, event):
        await self.send_json(event["frame"])

    @database_sync_to_async
    def get_user(self):
        token = self.scope["query_string"].decode().removeprefix("token=")
        try:
            claims = jwt.decode(token, settings.SECRET_KEY, algorithms=["HS256"])
            return User.objects.get(pk=claims["user_id"])
        except (jwt.PyJWTError, User.DoesNotExist):
            return None

    @database_sync_to_async
    def save(self, text, client_id):
        message = Message.objects.create(
            room_id=self.room_id, author=self.user, content=text, client_id=client_id
        )
        moderate.delay(message.pk)
        return message.as_dict()
