"""Evaluations: long comparisons of policies and providers, run in small slices by workers."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.models.policies import Policy, PolicyVersion


class Evaluation(Record):
    """One evaluation. A worker runs it in slices; each slice commits `checkpoint` and results.

    The columns hold numbers, names and ids, and no text of an author: results name their examples,
    whose texts are read when they are shown.
    """

    class Kind(models.TextChoices):
        REPLAY = "replay", _("replay")
        BACKTEST = "backtest", _("backtest")
        SHADOW = "shadow", _("shadow")
        CALIBRATION = "calibration", _("calibration")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.QUEUED)
    policy = models.ForeignKey(
        Policy,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("policy"),
    )
    version = models.ForeignKey(
        PolicyVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="evaluations",
        verbose_name=_("version"),
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    limit = models.PositiveIntegerField(_("at most so many decisions"), null=True, blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)  # of the kind
    done = models.PositiveIntegerField(_("decisions read"), default=0)
    total = models.PositiveIntegerField(_("decisions to read"), null=True, blank=True)
    # Where the next slice continues; empty: at the beginning.
    checkpoint = models.JSONField(
        _("checkpoint"), default=dict, blank=True, editable=False, encoder=DjangoJSONEncoder
    )
    results = models.JSONField(_("results"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    error = models.CharField(_("error"), max_length=64, blank=True, default="")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # the command line
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("requested by"),
    )
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="evaluation_newest"),
            models.Index(
                fields=["created_at"],
                name="evaluation_open",
                condition=Q(state__in=("queued", "running")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version or ''}".strip()

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def progress(self) -> dict[str, Any]:
        """How far it is. `total` is None until it is counted."""
        return {"done": self.done, "total": self.total}
