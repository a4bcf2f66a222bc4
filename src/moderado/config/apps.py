from django.apps import AppConfig
from django.db.backends.signals import connection_created

from moderado.core import clock


class ConfigConfig(AppConfig):
    """Registers the system checks; it has no tables."""

    name = "moderado.config"

    def ready(self) -> None:
        from moderado.config import checks  # noqa: F401, PLC0415  (registers them)

        connection_created.connect(clock.calibrate)
