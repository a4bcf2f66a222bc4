"""Rulings on many cases at once."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class BulkRuling(Record):
    """One ruling for all cases that match a filter. A worker decides them one by one.

    It can be interrupted at any case, and is reversed as one.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        # The moderator lost the right before the end.
        STOPPED = "stopped", _("stopped")
        REVERSING = "reversing", _("being reversed")
        REVERSED = "reversed", _("reversed")

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    # Rooms of the moderator when they asked. Null: staff, all rooms.
    scope_ids = ArrayField(models.UUIDField(), null=True, verbose_name=_("rooms"))
    filter = models.JSONField(_("filter"))
    ruling = models.JSONField(_("ruling"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RUNNING)
    matched = models.PositiveIntegerField(_("matching cases"), default=0)
    decided = models.PositiveIntegerField(_("decided"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0)
    # The last case that was looked at, or whose ruling was reversed.
    after_id = models.UUIDField(_("after"), null=True)
    reversal_reason = models.CharField(_("reason for the reversal"), max_length=64, blank=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("reversed by"),
    )
    finished_at = models.DateTimeField(_("finished"), null=True)

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

    def __str__(self) -> str:
        return str(self.pk)
