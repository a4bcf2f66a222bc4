"""The ASGI application: HTTP to Django, WebSockets to `realtime`."""

import os

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moderado.config.settings.web")
django.setup(set_prefix=False)  # loads the apps: must precede the imports below

from moderado.api.http_handler import HttpHandler  # noqa: E402
from moderado.realtime.routing import router  # noqa: E402

application = ProtocolTypeRouter({"http": HttpHandler(), "websocket": router})
