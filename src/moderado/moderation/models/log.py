"""The audit log of moderation."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.labels import OUTCOMES, subject_label

_EMPTY_OBJECT = models.Value({}, output_field=models.JSONField())


class ModerationLog(Record):
    """A line of the audit log: ids, numbers, codes and places, but no text (ADR 0063).

    Database triggers refuse UPDATE, DELETE and TRUNCATE. The one change that they allow is to move
    the texts of a line that an older release wrote.
    """

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=OUTCOMES)
    score = models.FloatField(_("score"), default=0.0)
    categories = models.JSONField(_("categories"), default=dict)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    provider = models.CharField(_("provider"), max_length=64, blank=True)
    model = models.CharField(_("model"), max_length=128, blank=True)
    policy = models.CharField(_("policy"), max_length=64, blank=True, default="", db_default="")
    policy_version = models.CharField(_("policy version"), max_length=64, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=64, blank=True)
    # Which rule, or which score and threshold (`types.Basis`).
    basis = models.JSONField(
        _("reason of the decision"), default=dict, db_default=_EMPTY_OBJECT, blank=True
    )
    # What replay needs: the signals by provider, and what was known of author and room.
    signals = models.JSONField(_("signals"), default=dict, db_default=_EMPTY_OBJECT, blank=True)
    facts = models.JSONField(_("facts"), default=dict, db_default=_EMPTY_OBJECT, blank=True)
    matches = models.JSONField(_("matched rules"), default=list)
    failures = models.JSONField(_("failed providers"), default=list)
    latency = models.FloatField(_("latency (s)"), default=0.0)
    cost = models.FloatField(_("cost"), default=0.0)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # machine verdicts, which are most lines and are not in `log_actor`
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("moderator"),
    )
    # To `ErasableText`. Null: the line has no texts, or an older release has them in `raw`.
    commitment = models.BinaryField(_("commitment to the texts"), max_length=32, null=True)
    # The case of a ruling. Older releases stored raw answers and notes here.
    raw = models.JSONField(_("raw answers"), default=dict)

    class Meta:
        verbose_name = _("moderation log line")
        verbose_name_plural = _("moderation log")
        indexes = [
            models.Index(fields=["subject_id", "-created_at"], name="log_subject"),
            models.Index(fields=["scope_id", "-created_at", "-id"], name="log_scope"),
            models.Index(fields=["-created_at", "-id"], name="log_newest"),
            models.Index(fields=["actor"], name="log_actor", condition=Q(actor__isnull=False)),
        ]

    def __str__(self) -> str:
        subject = subject_label(self.subject_type, self.subject_id, self.revision)
        return f"{self.get_verdict_display()}: {subject}"
