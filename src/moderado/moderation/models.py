"""Tables of moderation. Rows refer to their subject by id and outlive it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.labels import CLOSE_REASONS, OUTCOMES, subject_label


class ModerationLog(Record):
    """A line of the audit log. Database triggers refuse UPDATE, DELETE and TRUNCATE."""

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=OUTCOMES)
    score = models.FloatField(_("score"), default=0.0)
    categories = models.JSONField(_("categories"), default=dict)
    reason = models.CharField(_("reason"), max_length=32, blank=True)
    provider = models.CharField(_("provider"), max_length=64, blank=True)
    model = models.CharField(_("model"), max_length=128, blank=True)
    policy_version = models.CharField(_("policy version"), max_length=64, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=64, blank=True)
    matches = models.JSONField(_("matched rules"), default=list)
    failures = models.JSONField(_("failed providers"), default=list)
    latency = models.FloatField(_("latency (s)"), default=0.0)
    cost = models.FloatField(_("cost"), default=0.0)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # machine verdicts, which are most lines and are not in `log_actor`
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("moderator"),
    )
    raw = models.JSONField(_("raw answers"), default=dict)

    class Meta:
        verbose_name = _("moderation log line")
        verbose_name_plural = _("moderation log")
        indexes = [
            models.Index(fields=["subject_id", "-created_at"], name="log_subject"),
            models.Index(fields=["scope_id", "-created_at", "-id"], name="log_scope"),
            models.Index(fields=["-created_at", "-id"], name="log_newest"),
            models.Index(fields=["actor"], name="log_actor", condition=Q(actor__isnull=False)),
        ]

    def __str__(self) -> str:
        subject = subject_label(self.subject_type, self.subject_id, self.revision)
        return f"{self.get_verdict_display()}: {subject}"


class Case(Record):
    """A revision that needs a moderator. Claimed by lease, so that two moderators never collide.

    It ends with its subject: it is closed when the revision is replaced or deleted.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DECIDED = "decided", _("decided")
        CLOSED = "closed", _("closed without a decision")

    class Origin(models.TextChoices):
        HOLD = "hold", _("held")
        FLAG = "flag", _("flagged")

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    origin = models.CharField(_("origin"), max_length=8, choices=Origin)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    text = models.TextField(_("text"))
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
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    note = models.TextField(_("note"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
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
        permissions = [("claim_case", "Can claim cases"), ("decide_case", "Can decide cases")]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "revision", "origin"],
                name="one_case_a_revision",
            )
        ]
        indexes = [models.Index(fields=["state", "-score", "created_at"], name="case_queue")]

    def __str__(self) -> str:
        return subject_label(self.subject_type, self.subject_id, self.revision)


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


class SubjectRevision(Record):
    """A text of a subject other than a message, such as a name: judged before others see it.

    The context that owns the subject shows the text after APPROVED (ADR 0046). The highest
    revision of a subject is its latest text; the lower ones are the history.
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", _("pending")
        APPROVED = "APPROVED", _("approved")
        HELD = "HELD", _("under review")
        REJECTED = "REJECTED", _("rejected")
        SUPERSEDED = "SUPERSEDED", _("superseded")

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # set by an operator
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("author"),
    )
    text = models.TextField(_("text"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    categories = ArrayField(
        models.CharField(max_length=32), verbose_name=_("categories"), default=list, blank=True
    )
    # The queue, as of messages: a worker leases the row until `lease_until`, under a new `fence`.
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("name or other text")
        verbose_name_plural = _("names and other texts")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "revision"], name="one_text_a_revision"
            )
        ]
        indexes = [
            models.Index(
                fields=["queued_at", "id"],
                name="subject_queue",
                condition=Q(queued_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        subject = subject_label(self.subject_type, self.subject_id, self.revision)
        return f"{subject} {self.get_status_display()}"


class ProviderCall(Record):
    """A call to a remote provider, reserved and committed before it is made.

    An answered call is never repeated; one that may have been carried out is not repeated either.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        ANSWERED = "answered", _("answered")
        FAILED = "failed", _("not carried out")
        UNKNOWN = "unknown", _("outcome unknown")
        REFUSED = "refused", _("no opinion")

    class Purpose(models.TextChoices):
        DECIDE = "decide", _("decides")

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    provider = models.CharField(_("provider"), max_length=64)
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose, default=Purpose.DECIDE)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RESERVED)
    cost = models.FloatField(_("cost"), default=0.0)
    model = models.CharField(_("model"), max_length=128, blank=True, default="")
    response = models.JSONField(_("answer"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=128, blank=True, default="")
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("provider call")
        verbose_name_plural = _("provider calls")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "revision", "provider", "purpose", "attempt"],
                name="one_call_an_attempt",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.subject_id}/{self.revision} {self.get_state_display()}"


class ProviderBudget(models.Model):
    """How many calls of a provider were reserved on a day (UTC)."""

    provider = models.CharField(_("provider"), max_length=64)
    day = models.DateField(_("day"))
    calls = models.PositiveIntegerField(_("calls"), default=0)
    # What the last reservation was granted: the counting statement cannot return it otherwise.
    granted = models.PositiveIntegerField(_("granted"), default=0, db_default=0)

    class Meta:
        verbose_name = _("provider budget")
        verbose_name_plural = _("provider budgets")
        constraints = [models.UniqueConstraint(fields=["provider", "day"], name="one_budget_a_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}: {self.calls}"


class ProviderHealth(models.Model):
    """A provider's recent failures, shared by all workers. No row: no recent failure."""

    provider = models.CharField(_("provider"), max_length=64, primary_key=True)
    # The last 20 outcomes as bits, the latest in the lowest bit; 1 is a failure.
    outcomes = models.BigIntegerField(_("recent outcomes"), default=0)
    # The circuit breaker: no call before this time, then one probe. None: closed.
    open_until = models.DateTimeField(_("not asked before"), null=True, blank=True)
    # The rest period that the provider asked for (Retry-After).
    rests_until = models.DateTimeField(_("rests until"), null=True, blank=True)

    class Meta:
        verbose_name = _("provider's health")
        verbose_name_plural = _("providers' health")

    def __str__(self) -> str:
        return self.provider
