from django.conf import settings
from django.db import models


class Room(models.Model):
    name = models.CharField(max_length=80)


class Message(models.Model):
    class Status(models.TextChoices):
        PENDING = "PENDING"
        APPROVED = "APPROVED"
        REJECTED = "REJECTED"

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    client_id = models.CharField(max_length=64, blank=True)
    content = models.TextField()
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def as_dict(self) -> dict[str, object]:
        return {
            "id": self.pk,
            "room": self.room_id,
            "client_id": self.client_id,
            "author": {"id": self.author_id, "name": self.author.username},
            "content": self.content,
            "status": self.status,
            "created_at": self.created_at.isoformat(),
        }
