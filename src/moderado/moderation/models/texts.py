"""Texts that can be erased, commitments of cases to theirs, and seals of the log."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core import clock
from moderado.moderation.labels import SUBJECTS, label


class ErasableText(models.Model):
    """The texts of one record, whose id it has. The record keeps a commitment to `content`.

    An erased row stays, without salt and content: a row that is gone was not erased.
    """

    class Kind(models.TextChoices):
        LOG = "log", _("moderation log line")
        CASE = "case", _("case")
        CALL = "call", _("provider call")

    id = models.UUIDField(_("id"), primary_key=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=clock.estimated, editable=False)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind)
    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    # Who wrote the subject. Null: no account, unknown, or erased.
    author_id = models.UUIDField(_("author"), null=True, blank=True)
    salt = models.BinaryField(_("salt"), max_length=16, null=True)
    content = models.TextField(_("content"), null=True)  # noqa: DJ001  (erased, not empty)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("erasable text")
        verbose_name_plural = _("erasable texts")
        indexes = [
            models.Index(fields=["subject_id"], name="text_subject"),
            models.Index(
                fields=["author_id"], name="text_author", condition=Q(author_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {label(SUBJECTS, self.subject_type)} {self.subject_id}"


class CaseCommitment(models.Model):
    """A commitment that a case has or had. Only the triggers of `moderation_case` write rows.

    Triggers refuse UPDATE and DELETE. The opening of a case, each ruling and each reversal add one
    row, so that a row without a log line is a text that was rewritten (ADR 0119).
    """

    case_id = models.UUIDField(_("case"))
    # 1 is the first one that a trigger wrote; 0 was there before the triggers.
    number = models.PositiveIntegerField(_("number"))
    created_at = models.DateTimeField(_("created"), default=clock.estimated, editable=False)
    commitment = models.BinaryField(_("commitment to the texts"), max_length=32)
    # Log lines about the case that are older than number 0.
    lines_before = models.PositiveIntegerField(_("earlier log lines"), default=0, db_default=0)

    class Meta:
        verbose_name = _("commitment of a case")
        verbose_name_plural = _("commitments of cases")
        constraints = [
            models.UniqueConstraint(fields=["case_id", "number"], name="one_case_commitment")
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.number}"


class LogSeal(models.Model):
    """Digests of consecutive log lines, chained. Database triggers refuse UPDATE and DELETE.

    `entries` are the id and the digest of each line with `after_id` < id <= `last_id`, by id.
    `digest` includes that of the seal before it.
    """

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    created_at = models.DateTimeField(_("created"), default=clock.estimated, editable=False)
    after_id = models.UUIDField(_("after"))
    last_id = models.UUIDField(_("up to"))
    entries = models.BinaryField(_("digests of lines"))
    digest = models.BinaryField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("seal of the moderation log")
        verbose_name_plural = _("seals of the moderation log")

    def __str__(self) -> str:
        return str(self.number)
