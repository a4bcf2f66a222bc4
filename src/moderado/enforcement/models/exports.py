"""Exports of what belongs to an account."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class Export(Record):
    """An export of one account's data. A worker prepares its parts in slices (ADR 0080).

    `checkpoint` is the message after which the next slice continues.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        READY = "ready", _("ready")
        EXPIRED = "expired", _("expired")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("account"),
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    done = models.PositiveIntegerField(_("messages exported"), default=0)
    total = models.PositiveIntegerField(_("messages"), null=True)
    checkpoint = models.UUIDField(_("checkpoint"), null=True)
    parts = models.PositiveIntegerField(_("parts"), default=0)
    expires_at = models.DateTimeField(_("expires"), null=True)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="one_open_export",
                condition=Q(state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.get_state_display()}"


class ExportPart(Record):
    """One file of an export, compressed by zlib. Web and workers share no disk."""

    export = models.ForeignKey(
        Export,
        on_delete=models.CASCADE,
        related_name="files",
        db_index=False,
        verbose_name=_("export"),
    )
    number = models.PositiveIntegerField(_("number"))
    name = models.CharField(_("name"), max_length=64)
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("part of an export")
        verbose_name_plural = _("parts of exports")
        constraints = [
            models.UniqueConstraint(fields=["export", "number"], name="one_part_a_number")
        ]

    def __str__(self) -> str:
        return self.name
