"""Errors of changing when a sanction ends."""

from django.utils.translation import gettext_lazy as _

from moderado.core.errors import ApplicationError


class EndFixed(ApplicationError):
    """A warning has no end, and that of a strike follows from its policy."""

    code = "end_fixed"
    message = _("Only slow mode, a mute or a ban can get another end. A strike can be revoked.")


class SanctionAppealed(ApplicationError):
    """A longer measure is a new decision, which can be appealed: the old one was appealed."""

    code = "sanction_appealed"
    message = _(
        "The person has appealed this measure: it can be shortened, and not lengthened. Impose "
        "another one, which can be appealed, too."
    )
