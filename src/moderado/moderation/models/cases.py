"""What waits for moderators, and what they blocked."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.labels import CLOSE_REASONS, OUTCOMES, subject_label
from moderado.moderation.types import Category


class Case(Record):
    """A revision, person or room that needs a moderator: at most one open case a subject.

    Claimed by lease, so that two moderators never collide. It ends with its subject: it is closed
    when the revision is replaced or deleted, unless members have reported it (ADR 0136). A snoozed
    or escalated case is open, too (ADR 0073).
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DECIDED = "decided", _("decided")
        CLOSED = "closed", _("closed without a decision")

    class Origin(models.TextChoices):
        HOLD = "hold", _("held")
        FLAG = "flag", _("flagged")
        REPORT = "report", _("reported")
        APPEAL = "appeal", _("appealed")
        AUDIT = "audit", _("sampled")
        NOTICE = "notice", _("notice")

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin)
    # What else points at the subject since the case was opened.
    joined_origins = ArrayField(
        models.CharField(max_length=8, choices=Origin),
        verbose_name=_("further origins"),
        default=list,
        db_default=[],
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    # Urgent cases come first, whatever their score.
    priority = models.SmallIntegerField(_("priority"), default=0, db_default=0)
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    # Handed over to the moderators of the server.
    escalated_at = models.DateTimeField(_("escalated"), null=True, blank=True)
    # Text, reason and note are in `ErasableText` (`texts.with_texts`); an older release, which
    # commits to nothing, has them in these columns.
    commitment = models.BinaryField(_("commitment to the texts"), max_length=32, null=True)
    text = models.TextField(_("text"), blank=True, default="", db_default="")
    # A blind case says neither score nor categories before the ruling (ADR 0069).
    is_blind = models.BooleanField(_("blind"), default=False, db_default=False)
    # The probability with which an allowed text was drawn. Null: the verdict opened the case.
    sampling = models.FloatField(_("sampling probability"), null=True, blank=True)
    score = models.FloatField(_("score"), default=0.0)
    categories = ArrayField(
        models.CharField(max_length=32), verbose_name=_("categories"), default=list
    )
    # Who wrote the text, and may not rule on it. Null: unknown, or opened by an older release.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("author"),
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("claimed by"),
    )
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=OUTCOMES, blank=True)
    reason = models.CharField(_("reason"), max_length=64, blank=True, default="", db_default="")
    note = models.TextField(_("note"), blank=True, default="", db_default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    # What the owner of the subject needs to restore it if the ruling is undone.
    before_ruling = models.JSONField(_("before the ruling"), null=True, blank=True)
    close_reason = models.CharField(
        _("reason for closing"),
        max_length=16,
        choices=CLOSE_REASONS,
        blank=True,
        default="",
        db_default="",
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        permissions = [
            ("claim_case", "Can claim cases"),
            ("decide_case", "Can decide cases"),
            ("view_restricted_case", "Can see cases about danger to children"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "revision"],
                name="one_open_case_a_revision",
                condition=Q(state="open"),
            )
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "revision"], name="case_subject"),
            models.Index(
                fields=["state", "-priority", "-score", "created_at"], name="case_priority"
            ),
            models.Index(fields=["scope_id"], name="case_scope"),
            # Lists ask of each subject whether it has one (`moderation.restricted_cases`).
            models.Index(
                fields=["subject_type", "subject_id"],
                name="case_restricted",
                condition=Q(categories__overlap=[Category.CHILD_SAFETY.value]),
            ),
            # Of older releases: empty once their texts have been moved.
            models.Index(
                fields=["id"],
                name="case_unmoved",
                condition=Q(commitment__isnull=True) | ~Q(reason="") | ~Q(note=""),
            ),
        ]

    def __str__(self) -> str:
        return subject_label(self.subject_type, self.subject_id, self.revision)

    @property
    def is_reported(self) -> bool:
        """Whether members reported the subject: the case does not end with its revision."""
        return self.Origin.REPORT in {self.origin, *self.joined_origins}


class BlockedText(Record):
    """A text that a moderator blocked, by its digest: see `services.blocked_texts`."""

    scope_id = models.UUIDField(_("room"))
    author_id = models.UUIDField(_("author"))
    digest = models.BinaryField(_("digest"), max_length=16)

    class Meta:
        verbose_name = _("blocked text")
        verbose_name_plural = _("blocked texts")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_id", "author_id", "digest"], name="one_blocked_text"
            )
        ]

    def __str__(self) -> str:
        return f"{self.author_id} {self.scope_id}"
