"""Calls to remote providers, their budgets and health."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


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
        SHADOW = "shadow", _("is compared")

    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    provider = models.CharField(_("provider"), max_length=64)
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose, default=Purpose.DECIDE)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RESERVED)
    cost = models.FloatField(_("cost"), default=0.0)
    # What it may cost at most, and the day on whose budget that was counted. Null: no such budget.
    bound = models.DecimalField(
        _("highest cost"), max_digits=18, decimal_places=9, null=True, blank=True
    )
    budget_day = models.DateField(_("day of the budget"), null=True, blank=True)
    model = models.CharField(_("model"), max_length=128, blank=True, default="")
    # The numbers of the signal. What the provider wrote (`raw`) is in `ErasableText`.
    response = models.JSONField(_("answer"), null=True, blank=True)
    commitment = models.BinaryField(_("commitment to the texts"), max_length=32, null=True)
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
        # Of older releases: empty once their texts have been moved.
        indexes = [
            models.Index(fields=["id"], name="call_unmoved", condition=Q(response__has_key="raw"))
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.subject_id}/{self.revision} {self.get_state_display()}"


class ProviderBudget(models.Model):
    """What the reserved calls of a provider take from its budgets on a day (UTC).

    Shadow calls have rows of their own: `services.budgets.account`.
    """

    provider = models.CharField(_("provider"), max_length=64)
    day = models.DateField(_("day"))
    calls = models.PositiveIntegerField(_("calls"), default=0)
    # What the last reservation was granted: the counting statement cannot return it otherwise.
    granted = models.PositiveIntegerField(_("granted"), default=0, db_default=0)
    # The cost of settled calls and the bounds of all others. Null: not counted on this day yet.
    cost = models.DecimalField(_("cost"), max_digits=18, decimal_places=9, null=True, blank=True)
    # Estimated tokens of a minute and of the one before it: a sliding window of two counters.
    minute = models.DateTimeField(_("minute"), null=True, blank=True)
    tokens = models.BigIntegerField(_("tokens"), default=0, db_default=0)
    tokens_before = models.BigIntegerField(_("tokens before"), default=0, db_default=0)

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
