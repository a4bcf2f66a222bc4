"""Rulings on many cases at once."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.enforcement.models.in_slices import DecidedInSlices


class BulkRuling(DecidedInSlices):
    """One ruling for all cases that match a filter. A worker decides them one by one.

    It can be interrupted at any case, and is reversed as one.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    filter = models.JSONField(_("filter"))
    ruling = models.JSONField(_("ruling"))
    matched = models.PositiveIntegerField(_("matching cases"), default=0)
    decided = models.PositiveIntegerField(_("decided"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("reversed by"),
    )

    class Meta:
        verbose_name = _("bulk ruling")
        verbose_name_plural = _("bulk rulings")
        indexes = [
            models.Index(
                fields=["id"],
                name="bulk_unfinished",
                condition=Q(state__in=["running", "reversing"]),
            )
        ]
