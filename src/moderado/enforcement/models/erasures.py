"""Requests to erase an account."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class Erasure(Record):
    """The erasure of one account. A worker runs it in slices after `due_at` (ADR 0079).

    Attributes:
        phase: The step that the next slice repeats or begins: of `chat.services.erasing`.
        closed_at: When the account was closed. Once no older transaction is open, no text can
            follow any more.
        withheld: Messages that a legal hold keeps; with `is_user_held`, everything.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        HELD = "held", _("kept by a legal hold")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("account"),
    )
    # Null: the command line.
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("requested by"),
    )
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(_("due"))
    phase = models.PositiveSmallIntegerField(_("step"), default=0)
    closed_at = models.DateTimeField(_("account closed"), null=True)
    messages = models.PositiveIntegerField(_("messages erased"), default=0)
    total = models.PositiveIntegerField(_("messages"), null=True)
    is_user_held = models.BooleanField(_("account kept by a legal hold"), default=False)
    withheld = models.PositiveIntegerField(_("messages kept by a legal hold"), default=0)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    lease_until = models.DateTimeField(_("leased until"), null=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="one_erasure_an_account", condition=~Q(state="cancelled")
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="erasure_open",
                condition=Q(state__in=["waiting", "running", "held"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.get_state_display()}"
