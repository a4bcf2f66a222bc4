"""The ASGI application: HTTP to Django, WebSockets to `realtime`."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moderado.config.settings.web")
http = get_asgi_application()  # loads the apps: must precede the import of the consumer

from moderado.realtime.routing import router  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": router})
