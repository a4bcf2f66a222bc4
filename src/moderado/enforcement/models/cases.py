"""What moderators add to cases: queues, notes, and who may not decide."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.enforcement.labels import queue_label
from moderado.moderation.models import Case


class Queue(Record):
    """A saved filter over cases. A case belongs to the first queue whose filter it matches.

    `filter` has the keys of `CaseFilter` that are lists. The cases of a queue with groups are seen
    and decided by members of these groups only.
    """

    name = models.CharField(_("name"), max_length=64, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    filter = models.JSONField(_("filter"), default=dict)
    groups = models.ManyToManyField(
        Group, blank=True, related_name="+", verbose_name=_("groups with access")
    )
    # Content outcomes and kinds of sanction. Empty: all of them.
    measures = ArrayField(
        models.CharField(max_length=16), verbose_name=_("permitted measures"), default=list,
        blank=True,
    )  # fmt: skip
    target_seconds = models.PositiveIntegerField(_("target time in seconds"), default=86_400)

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        ordering = ("position", "name")

    def __str__(self) -> str:
        return queue_label(self.name)


class CaseNote(Record):
    """What a moderator writes for other moderators about a case."""

    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, related_name="notes", verbose_name=_("case")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("written by"),
    )
    # Empty once it is erased.
    text = models.TextField(_("text"), max_length=2000)

    class Meta:
        verbose_name = _("note on a case")
        verbose_name_plural = _("notes on cases")

    def __str__(self) -> str:
        return str(self.case_id)


class CaseExclusion(Record):
    """A user who may not decide a case although they are a moderator."""

    class Reason(models.TextChoices):
        REPORTER = "reporter", _("reported the subject")
        DECIDER = "decider", _("made the decision that is appealed")
        RAN_ROOM = "ran_room", _("ran the room when it was reported")

    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, related_name="exclusions", verbose_name=_("case")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("user"),
    )
    reason = models.CharField(_("reason"), max_length=8, choices=Reason)

    class Meta:
        verbose_name = _("exclusion from a case")
        verbose_name_plural = _("exclusions from cases")
        constraints = [
            models.UniqueConstraint(fields=["case", "user", "reason"], name="one_exclusion")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.user_id}"
