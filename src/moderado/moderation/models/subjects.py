"""Texts other than messages, such as names."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.labels import subject_label
from moderado.moderation.types import SERVER


class SubjectRevision(Record):
    """A text of a subject other than a message, such as a name: judged before others see it.

    The context that owns the subject shows the text after APPROVED (ADR 0046). The highest
    revision of a subject is its latest text; the lower ones are the history.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", _("pending")
        APPROVED = "APPROVED", _("approved")
        HELD = "HELD", _("under review")
        REJECTED = "REJECTED", _("rejected")
        SUPERSEDED = "SUPERSEDED", _("superseded")

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # set by an operator
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("author"),
    )
    text = models.TextField(_("text"))
    # Whom the place that bears the name is for. The default of the column serves older processes.
    audience = models.CharField(
        _("audience"), max_length=8, default=SERVER.audience, db_default=SERVER.audience
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    categories = ArrayField(
        models.CharField(max_length=32), verbose_name=_("categories"), default=list, blank=True
    )
    # The queue, as of messages: a worker leases the row until `lease_until`, under a new `fence`.
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("name or other text")
        verbose_name_plural = _("names and other texts")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "revision"], name="one_text_a_revision"
            )
        ]
        indexes = [
            models.Index(
                fields=["queued_at", "id"],
                name="subject_queue",
                condition=Q(queued_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        subject = subject_label(self.subject_type, self.subject_id, self.revision)
        return f"{subject} {self.get_status_display()}"
