from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "moderado.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        # They connect themselves, and need the models.
        from moderado.accounts import receivers, rights_receivers  # noqa: F401, PLC0415
