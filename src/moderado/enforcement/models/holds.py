"""Legal holds: what an order or a law forbids to erase."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record

REFERENCE_LENGTH = 200


class LegalHold(Record):
    """Content, metadata and data of an account, or one message, that no erasure may touch.

    A hold shows nothing to anybody: it only keeps rows from erasure and retention.
    """

    class Subject(models.TextChoices):
        USER = "user", _("account")
        MESSAGE = "message", _("message")

    subject_type = models.CharField(_("subject type"), max_length=8, choices=Subject)
    subject_id = models.UUIDField(_("subject"))
    # The account itself, or the author of the message: whose erasure it limits.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("author"),
    )
    reference = models.CharField(_("reference of the order"), max_length=REFERENCE_LENGTH)
    # Null: the command line.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("who"),
    )
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("released by"),
    )
    release_reason = models.CharField(
        _("reason of the release"), max_length=REFERENCE_LENGTH, blank=True, default=""
    )

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        permissions = [
            ("make_evidence", "Can make evidence packages"),
            ("release_legalhold", "Can release legal holds"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "reference"],
                name="one_hold_an_order",
                condition=Q(released_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(
                fields=["subject_id"], name="hold_active", condition=Q(released_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_subject_type_display()} {self.subject_id}: {self.reference}"
