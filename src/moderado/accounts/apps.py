from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "moderado.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        import moderado.accounts.receivers  # noqa: F401, PLC0415  (connects them; needs models)
