import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutorial.settings")

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

http = get_asgi_application()

from tutorial.consumers import ChatConsumer  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": URLRouter([path("ws/chat/<int:room_id>/", ChatConsumer.as_asgi())]),
    }
)
