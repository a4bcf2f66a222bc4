"""Work over existing rows that an upgrade brings, and that runs while the server is used."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class Backfill(Record):
    """How far a backfill is. The second pass finds what the previous release added meanwhile."""

    name = models.CharField(_("name"), max_length=48, unique=True)
    passes = models.PositiveSmallIntegerField(_("finished passes"), default=0)
    # The last row that was looked at.
    after_id = models.UUIDField(_("after"), null=True)
    rows = models.PositiveIntegerField(_("rows added"), default=0)
    next_at = models.DateTimeField(_("next pass"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("backfill")
        verbose_name_plural = _("backfills")

    def __str__(self) -> str:
        return self.name
