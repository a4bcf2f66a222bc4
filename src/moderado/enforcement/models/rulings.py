"""Decisions of moderators."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.categories import category_name
from moderado.moderation.labels import subject_label
from moderado.moderation.models import Case


class Ruling(Record):
    """A moderator's decision about a case. It names the revision that it judges.

    Content and sanctions bind at once. The server tells the people concerned at `undo_until`,
    unless the ruling is undone before. After that, another ruling `reverses` it.
    """

    class Content(models.TextChoices):
        ALLOW = "allow", _("allowed")
        REMOVE = "remove", _("removed")
        KEEP_FLAGGED = "keep_flagged", _("kept and flagged")
        HOLD = "hold", _("waits again")  # of reversals only

    case = models.ForeignKey(
        Case, on_delete=models.PROTECT, related_name="rulings", verbose_name=_("case")
    )
    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("author"),
    )
    content = models.CharField(_("content"), max_length=16, choices=Content)
    # Whether others had seen the text when the ruling was made; empty if that is not known, or if
    # its author had replaced or deleted it.
    was_seen = models.BooleanField(_("others had seen it"), null=True, blank=True)
    # The words of moderators are emptied when the author's data are erased.
    reason = models.CharField(_("reason"), max_length=64)
    public_note = models.TextField(_("public note"), blank=True, default="")
    private_note = models.TextField(_("private note"), blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    effective_at = models.DateTimeField(_("in force since"))
    undo_until = models.DateTimeField(_("can be undone until"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    # When the people concerned were notified.
    settled_at = models.DateTimeField(_("told"), null=True, blank=True)
    reverses = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reversals",
        verbose_name=_("reverses"),
    )
    bulk = models.ForeignKey(
        "enforcement.BulkRuling",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="rulings",
        verbose_name=_("part of"),
    )

    class Meta:
        verbose_name = _("ruling")
        verbose_name_plural = _("rulings")
        permissions = [
            ("reverse_ruling", "Can reverse rulings"),
            ("bulk_rule", "Can rule on many cases at once"),
        ]
        constraints = [
            # Two moderators who reverse a ruling at once make one reversal.
            models.UniqueConstraint(
                fields=["reverses"], name="one_reversal", condition=Q(undone_at=None)
            )
        ]
        indexes = [
            models.Index(fields=["subject_id"], name="ruling_subject"),
            models.Index(fields=["author", "-created_at"], name="ruling_author"),
            models.Index(fields=["-created_at", "-id"], name="ruling_newest"),
            models.Index(
                fields=["undo_until"],
                name="ruling_unsettled",
                condition=Q(settled_at=None, undone_at=None),
            ),
        ]

    @property
    def reason_in_words(self) -> str:
        """The name of the category that is the reason, in the active language; others as it is."""
        return category_name(self.reason)

    def __str__(self) -> str:
        return subject_label(self.subject_type, self.subject_id, self.revision)
