"""Runs of the retention."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class RetentionRun(Record):
    """One run over all that is older than the settings allow: what it erased, by kind.

    Attributes:
        kind: The number of the kind that the next slice continues with.
        part: The number of the part of that kind: its texts are in more than one table.
        after: The record of that part after which it continues.
        cutoffs: Until when texts are erased, by kind: the settings of the run's beginning.
        counts: Erased so far, by kind; `held` counts what a legal hold kept.
    """

    kind = models.PositiveSmallIntegerField(_("kind"), default=0)
    part = models.PositiveSmallIntegerField(_("part"), default=0, db_default=0)
    after = models.UUIDField(_("after"), null=True)
    cutoffs = models.JSONField(_("cutoffs"), default=dict)
    counts = models.JSONField(_("counts"), default=dict)
    ended_at = models.DateTimeField(_("ended"), null=True)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)

    class Meta:
        verbose_name = _("run of the retention")
        verbose_name_plural = _("runs of the retention")
        constraints = [
            # All rows have the same value: one run at a time.
            models.UniqueConstraint(
                models.Value(1), name="one_open_run", condition=Q(ended_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.created_at.isoformat()
