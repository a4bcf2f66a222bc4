"""Purges: an author's messages since a moment, removed and brought back as one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.enforcement.models.in_slices import DecidedInSlices


class Purge(DecidedInSlices):
    """The removal of an author's messages since a moment (ADR 0084).

    A worker carries it out in slices, under a lease with a fence. Messages that are posted after
    `created_at` are left out.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("decided by"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("person"),
    )
    # The one room that was asked for.
    scope_id = models.UUIDField(_("room"), null=True)
    since = models.DateTimeField(_("since"))
    reason = models.CharField(_("reason"), max_length=64)
    # Emptied when the person's data are erased.
    public_note = models.TextField(_("public note"), blank=True, default="")
    matched = models.PositiveIntegerField(_("matching messages"), default=0)
    # By room and status, when the purge began.
    counts = models.JSONField(_("counts"), default=list)
    removed = models.PositiveIntegerField(_("removed"), default=0)
    restored = models.PositiveIntegerField(_("restored"), default=0)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("reversed by"),
    )
    # When the author was notified.
    told_at = models.DateTimeField(_("told"), null=True)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)

    class Meta:
        verbose_name = _("purge")
        verbose_name_plural = _("purges")
        permissions = [("purge_messages", "Can remove the latest messages of an author")]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="purge_person"),
            models.Index(
                fields=["id"],
                name="purge_unfinished",
                condition=Q(state__in=["running", "reversing"]),
            ),
        ]


class PurgedMessage(Record):
    """A message that a purge removed, and its state before that, without its text."""

    purge = models.ForeignKey(
        Purge,
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
        verbose_name=_("purge"),
    )
    message_id = models.UUIDField(_("message"))
    before = models.JSONField(_("state before"))

    class Meta:
        verbose_name = _("purged message")
        verbose_name_plural = _("purged messages")
        constraints = [
            models.UniqueConstraint(fields=["purge", "message_id"], name="one_purged_message")
        ]

    def __str__(self) -> str:
        return str(self.message_id)
