from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """No tables: this is here to be checked at start."""

    name = "moderado.config"

    def ready(self) -> None:
        from moderado.config import checks  # noqa: F401, PLC0415  (registers them)
