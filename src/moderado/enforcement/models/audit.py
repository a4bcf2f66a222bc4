"""What staff and operators did, or looked at, that must be accounted for."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class AuditLine(Record):
    """A line of the audit of staff: ids and codes, and no text about persons.

    A database trigger refuses UPDATE and DELETE.
    """

    # Null: the command line, whose user `details` names as `operator`, or the server by itself.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("who"),
    )
    action = models.CharField(_("action"), max_length=48)
    subject_type = models.CharField(_("subject type"), max_length=32, blank=True, default="")
    subject_id = models.UUIDField(_("subject"), null=True)
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("audit line")
        verbose_name_plural = _("audit lines")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="audit_newest"),
            models.Index(fields=["subject_id"], name="audit_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_id or ''}".strip()
