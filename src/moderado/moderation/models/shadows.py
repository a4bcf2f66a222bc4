"""What shadows found: verdicts without effect, beside those that decided."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.labels import OUTCOMES, subject_label


class ShadowResult(Record):
    """The verdict of a shadow on a revision, and the one that decided. Without text.

    A shadow is a provider of a policy, or another version of it.
    """

    policy = models.CharField(_("policy"), max_length=64)
    policy_version = models.CharField(_("policy version"), max_length=64)
    provider = models.CharField(_("provider"), max_length=64, blank=True, default="")
    version = models.CharField(_("shadow version"), max_length=64, blank=True, default="")
    line_id = models.UUIDField(_("line of the log"))
    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    decided = models.CharField(_("deciding verdict"), max_length=8, choices=OUTCOMES)
    decided_categories = ArrayField(
        models.CharField(max_length=32), verbose_name=_("deciding categories"), default=list
    )
    # Empty where the shadow had no opinion: `error` says why.
    outcome = models.CharField(_("verdict"), max_length=8, choices=OUTCOMES, blank=True)
    categories = ArrayField(
        models.CharField(max_length=32), verbose_name=_("categories"), default=list
    )
    score = models.FloatField(_("score"), default=0.0)
    signals = models.JSONField(_("signals"), default=dict)
    error = models.CharField(_("error"), max_length=128, blank=True, default="")
    latency = models.FloatField(_("latency (s)"), default=0.0)
    cost = models.FloatField(_("cost"), default=0.0)

    class Meta:
        verbose_name = _("shadow verdict")
        verbose_name_plural = _("shadow verdicts")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "revision", "policy", "provider", "version"],
                name="one_shadow_verdict",
            )
        ]
        indexes = [models.Index(fields=["policy", "-created_at"], name="shadow_newest")]

    def __str__(self) -> str:
        return subject_label(self.subject_type, self.subject_id, self.revision)


class ShadowProgress(models.Model):
    """The one row that says up to which line of the log the shadows have looked."""

    id = models.PositiveSmallIntegerField(_("number"), primary_key=True, default=1)
    at = models.DateTimeField(_("time of the line"))
    line_id = models.UUIDField(_("line of the log"))

    class Meta:
        verbose_name = _("progress of the shadows")
        verbose_name_plural = _("progress of the shadows")

    def __str__(self) -> str:
        return str(self.at)
