from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ModerationConfig(AppConfig):
    name = "moderado.moderation"
    verbose_name = _("Moderation")

    def ready(self) -> None:
        from moderado.moderation import checks  # noqa: F401, PLC0415  (registers itself)
