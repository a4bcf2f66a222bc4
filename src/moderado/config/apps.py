from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the system checks; it has no tables."""

    name = "moderado.config"

    def ready(self) -> None:
        from moderado.config import checks  # noqa: F401, PLC0415  (registers them)
