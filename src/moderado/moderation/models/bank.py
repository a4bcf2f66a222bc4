"""Texts that an order has removed, banked for the whole server."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record

ORDER_LENGTH = 200


class BankedText(Record):
    """A text that a court or an authority ordered away: its digests.

    The text itself is not stored (`services.hash_bank`).
    """

    reference = models.CharField(_("reference of the order"), max_length=ORDER_LENGTH)
    # Of the folded text, hexadecimal: one for each frozen folding.
    digests = ArrayField(models.CharField(max_length=64), verbose_name=_("digests"))
    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    # Null: the command line.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("who"),
    )

    class Meta:
        verbose_name = _("banked text")
        verbose_name_plural = _("banked texts")
        constraints = [
            models.UniqueConstraint(
                fields=["digests", "reference", "subject_id"], name="one_banked_text"
            )
        ]
        indexes = [GinIndex(fields=["digests"], name="banked_digests")]

    def __str__(self) -> str:
        return f"{self.reference}: {self.subject_id}"


class BankVersion(models.Model):
    """One row, whose version changes with the bank, so that workers load it only then."""

    id = models.PositiveSmallIntegerField(_("id"), primary_key=True, default=1)
    version = models.UUIDField(_("version"))

    class Meta:
        verbose_name = _("version of the bank")
        verbose_name_plural = _("versions of the bank")

    def __str__(self) -> str:
        return str(self.version)
