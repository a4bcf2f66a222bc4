from django.apps import AppConfig
from django.db.backends.signals import connection_created

from moderado.core import clock


class ConfigConfig(AppConfig):
    """Registers the system checks; it has no tables."""

    name = "moderado.config"

    def ready(self) -> None:
        # Imported late: beat and gunicorn's master read `config` and do without Django and Celery.
        from moderado.config import celery, checks  # noqa: F401, PLC0415  (tasks; system checks)

        connection_created.connect(clock.calibrate)
