"""Scores that other systems suggest for texts."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.accounts.models import ApiKey
from moderado.core.models import Record


class SuggestedScore(Record):
    """Which scores a text should have had: a label for calibration. Rows may be deleted."""

    api_key = models.ForeignKey(
        ApiKey, on_delete=models.PROTECT, related_name="+", verbose_name=_("API key")
    )
    text = models.TextField(_("text"))
    scores = models.JSONField(_("scores"))  # by attribute of Perspective, 0..1
    languages = ArrayField(models.CharField(max_length=8), verbose_name=_("languages"))
    community = models.CharField(_("community"), max_length=256, blank=True)

    class Meta:
        verbose_name = _("suggested score")
        verbose_name_plural = _("suggested scores")
        indexes = [models.Index(fields=["-created_at", "-id"], name="suggestion_newest")]

    def __str__(self) -> str:
        return str(self.id)
