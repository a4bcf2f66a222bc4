"""The strikes of policies, for a page of the admin. They are stored in the policies' documents."""

from django.utils.translation import gettext_lazy as _

from moderado.moderation.models import PolicyVersion


class StrikeRules(PolicyVersion):
    """A version of a policy, as far as its strikes go."""

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = _("strike rules")
        verbose_name_plural = _("strike rules")
