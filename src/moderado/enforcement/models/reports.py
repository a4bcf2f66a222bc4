"""What members report, and members who may not report for a time."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.enforcement.labels import REPORT_CATEGORIES, REPORT_OUTCOMES, REPORT_STATES
from moderado.enforcement.models.rulings import Ruling
from moderado.enforcement.types import ReportState
from moderado.moderation.labels import subject_label
from moderado.moderation.models import Case


class Report(Record):
    """A member points at a message, a person or a room. Reports of one subject share a case."""

    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # `report_newest` begins with it
        verbose_name=_("reporter"),
    )
    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    category = models.CharField(_("category"), max_length=32, choices=REPORT_CATEGORIES)
    # Empty once it is erased.
    comment = models.TextField(_("comment"), max_length=1000, blank=True, default="")
    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="reports", verbose_name=_("case")
    )
    # The ruling that decided it.
    ruling = models.ForeignKey(
        Ruling,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("ruling"),
    )
    # The share of the reporter's earlier reports that were upheld, when this one was made.
    weight = models.FloatField(_("weight"), default=0.5)
    state = models.CharField(
        _("state"), max_length=8, choices=REPORT_STATES, default=ReportState.OPEN
    )
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=REPORT_OUTCOMES, blank=True, default=""
    )
    # What it says about the reporter. Null: nothing, such as a flagged text that stays visible.
    is_upheld = models.BooleanField(_("upheld"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            # A text is reported once; a person or a room again after a decision.
            models.UniqueConstraint(
                fields=["reporter", "subject_type", "subject_id", "revision"],
                name="one_report",
                condition=Q(state=ReportState.OPEN) | Q(subject_type="message"),
            )
        ]
        indexes = [
            models.Index(fields=["reporter", "-created_at", "-id"], name="report_newest"),
            models.Index(fields=["-created_at", "-id"], name="report_newest_of_all"),
        ]

    def __str__(self) -> str:
        return subject_label(self.subject_type, self.subject_id, self.revision)


class ReportingSuspension(Record):
    """A member may not report until `ends_at`. The row keeps the numbers that justified it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("suspended by"),
    )
    # The words of moderators are emptied when the user's data are erased.
    reason = models.CharField(_("reason"), max_length=64)
    public_note = models.TextField(_("public note"), max_length=2000, blank=True, default="")
    ends_at = models.DateTimeField(_("until"))
    # The reporter's record at that time, which the criteria of the server compare.
    decided_reports = models.PositiveIntegerField(_("decided reports"))
    rejected_reports = models.PositiveIntegerField(_("reports without action"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("lifted by"),
    )
    lift_reason = models.CharField(_("reason for lifting"), max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("suspension of reporting")
        verbose_name_plural = _("suspensions of reporting")
        permissions = [("suspend_reporting", "Can suspend members from reporting")]
        # No constraint can say that one is in force at a time: terms end by PostgreSQL's clock.
        # `suspend_reporting` locks the member.

    def __str__(self) -> str:
        return str(self.user_id)
