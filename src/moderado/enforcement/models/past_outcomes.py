"""Outcomes that later decisions replaced, for the reports of periods in which they held."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class PastOutcome(Record):
    """What a case, report, notice, appeal or erasure had led to before that changed.

    Triggers write it, so that no service can forget it (ADR 0108). Ids and codes alone, which no
    erasure touches. PostgreSQL refuses UPDATE and DELETE.
    """

    # Of a case, report, notice, appeal or erasure.
    record_id = models.UUIDField(_("record"))
    outcome = models.CharField(_("outcome"), max_length=12)
    # The ruling that had decided a notice.
    ruling_id = models.UUIDField(_("ruling"), null=True)
    decided_at = models.DateTimeField(_("decided"))
    # When it was replaced, or the record opened again.
    ended_at = models.DateTimeField(_("ended"))

    class Meta:
        verbose_name = _("past outcome")
        verbose_name_plural = _("past outcomes")
        indexes = [models.Index(fields=["ended_at"], name="past_outcome_end")]

    def __str__(self) -> str:
        return f"{self.record_id} {self.outcome}"
