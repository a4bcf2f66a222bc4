"""Notices of content by persons without an account, and the e-mails that they get."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.enforcement.labels import (
    MAIL_KINDS,
    NOTICE_OUTCOMES,
    NOTICE_ROLES,
    NOTICE_STATES,
    REPORT_CATEGORIES,
)
from moderado.enforcement.models.rulings import Ruling
from moderado.enforcement.types import NoticeState
from moderado.moderation.models import Case

NAME_LENGTH = 120
EMAIL_LENGTH = 254
REFERENCE_LENGTH = 500
TEXT_LENGTH = 4_000


class Notice(Record):
    """A person with a name and a confirmed e-mail address points at a message, person or room.

    Name, address and texts are emptied `NOTICE_DAYS` after the end; the rest stays.
    """

    protocol = models.CharField(_("protocol number"), max_length=19, unique=True)
    role = models.CharField(_("role"), max_length=16, choices=NOTICE_ROLES)
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    email = models.CharField(_("e-mail"), max_length=EMAIL_LENGTH, blank=True)
    language = models.CharField(_("language"), max_length=8)
    # What it points at, as it was given: an address of this server or an id.
    reference = models.CharField(_("content"), max_length=REFERENCE_LENGTH, blank=True)
    category = models.CharField(_("category"), max_length=32, choices=REPORT_CATEGORIES)
    text = models.TextField(_("explanation"), max_length=TEXT_LENGTH, blank=True)
    state = models.CharField(
        _("state"), max_length=12, choices=NOTICE_STATES, default=NoticeState.UNCONFIRMED
    )
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=NOTICE_OUTCOMES, blank=True, default=""
    )
    # Keyed digest of the code that was sent last.
    code_digest = models.BinaryField(_("digest of the code"), max_length=32, null=True)
    code_expires_at = models.DateTimeField(_("code expires"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    due_at = models.DateTimeField(_("due"), null=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    erased_at = models.DateTimeField(_("erased"), null=True)
    case = models.ForeignKey(
        Case, null=True, on_delete=models.PROTECT, related_name="notices", verbose_name=_("case")
    )
    # The ruling that decided it.
    ruling = models.ForeignKey(
        Ruling,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("ruling"),
    )

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        permissions = [("view_notifier", "Can see the e-mail addresses of notifiers")]
        indexes = [
            models.Index(fields=["due_at"], name="notice_due", condition=Q(state="open")),
            models.Index(
                fields=["created_at"], name="notice_unconfirmed", condition=Q(state="unconfirmed")
            ),
            models.Index(
                fields=["decided_at"],
                name="notice_decided",
                condition=Q(state="decided", erased_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.protocol


class NoticeMail(Record):
    """An e-mail of a notice that a worker sends. Its text is written when it is sent."""

    notice = models.ForeignKey(
        Notice, on_delete=models.CASCADE, related_name="mails", verbose_name=_("notice")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=MAIL_KINDS)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # Null: it was sent, or given up.
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("e-mail of a notice")
        verbose_name_plural = _("e-mails of notices")
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="mail_waiting",
                condition=Q(next_attempt_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.kind}"
