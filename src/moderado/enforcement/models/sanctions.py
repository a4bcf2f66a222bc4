"""Measures against a person."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.enforcement.models.rulings import Ruling

# When the time to appeal the decision of a sanction began, as SQL: see `Sanction.appeal_from`.
APPEAL_FROM = "coalesce(lengthened_at, created_at)"


class Sanction(Record):
    """A measure against a person, in a room or, without a scope, on the whole server.

    It is in force from `starts_at` until `ends_at` by PostgreSQL's clock, unless it is lifted
    before. Statements that store messages look it up (`selectors.restrictions`), so that it binds
    with its commit and ends without any task.
    """

    class Kind(models.TextChoices):
        WARNING = "warning", _("warning")
        STRIKE = "strike", _("strike")
        MUTE = "mute", _("mute")
        SLOW = "slow", _("slow mode")
        BAN = "ban", _("ban")

    # Empty once the account is deleted: the digest still refuses its e-mail.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("person"),
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=64)
    # Emptied when the person's data are erased.
    public_note = models.TextField(_("public note"), blank=True, default="")
    starts_at = models.DateTimeField(_("in force since"), db_default=Now())
    ends_at = models.DateTimeField(_("in force until"), null=True, blank=True)
    ruling = models.ForeignKey(
        Ruling,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="sanctions",
        verbose_name=_("ruling"),
    )
    # Null: strikes reached a threshold, or a machine gave a strike.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("decided by"),
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("lifted by"),
    )
    lift_reason = models.CharField(_("reason for lifting"), max_length=64, blank=True, default="")
    # When a moderator last changed the end, who, and why: the person reads the reason.
    end_changed_at = models.DateTimeField(_("end changed"), null=True, blank=True)
    end_changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("end changed by"),
    )
    end_reason = models.CharField(
        _("reason for the new end"), max_length=64, blank=True, default="", db_default=""
    )
    # The end as it was imposed, once it was changed. Null: none, or it was not changed.
    first_ends_at = models.DateTimeField(_("first end"), null=True, blank=True)
    # When it, or another sanction of its ruling, was last lengthened: the time to appeal their
    # decision runs from then. All who lengthened this one, and who do not decide the appeal.
    lengthened_at = models.DateTimeField(_("lengthened"), null=True, blank=True)
    lengthened_by = ArrayField(
        models.UUIDField(), null=True, blank=True, verbose_name=_("lengthened by")
    )
    # When the end by `ends_at` was announced. The index of what is in force shrinks then.
    expired_at = models.DateTimeField(_("expired"), null=True, blank=True)
    # For slow mode: the least time between two messages.
    interval_seconds = models.PositiveIntegerField(_("interval in seconds"), null=True, blank=True)
    # For slow mode: when the person may post again.
    next_post_at = models.DateTimeField(_("next message"), null=True, editable=False)
    # For a strike: its points, and the policy by which they were chosen. They count together with
    # other strikes of this policy in the same scope, until `ends_at`.
    weight = models.PositiveSmallIntegerField(_("weight"), null=True, blank=True)
    policy_name = models.CharField(
        _("policy"), max_length=64, blank=True, default="", db_default=""
    )
    category = models.CharField(_("category"), max_length=32, blank=True, default="", db_default="")
    # For a strike that a machine gave: the verdict's line in the moderation log.
    verdict_id = models.UUIDField(_("verdict"), null=True, blank=True, unique=True)
    # For a sanction that strikes led to: the last of them, and the points that it takes.
    cause = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="consequences",
        verbose_name=_("caused by"),
    )
    threshold = models.PositiveIntegerField(_("threshold in points"), null=True, blank=True)
    # For a ban of the server: a keyed digest of the e-mail, which may not register again.
    email_digest = models.BinaryField(_("digest of the e-mail"), max_length=32, null=True)

    class Meta:
        verbose_name = _("sanction")
        verbose_name_plural = _("sanctions")
        permissions: ClassVar = [("lift_sanction", "Can lift sanctions")]
        indexes: ClassVar = [
            # Looked up for every message: almost empty, whatever the number of past sanctions.
            models.Index(
                fields=["user", "scope_id"],
                include=["kind", "ends_at"],
                name="sanction_in_force",
                condition=Q(kind__in=("mute", "slow", "ban"), lifted_at=None, expired_at=None),
            ),
            models.Index(fields=["user", "-created_at", "-id"], name="sanction_person"),
            models.Index(fields=["-created_at", "-id"], name="sanction_newest"),
            models.Index(fields=["starts_at"], name="sanction_strikes", condition=Q(kind="strike")),
            models.Index(
                fields=["ends_at"],
                name="sanction_expiry",
                condition=Q(ends_at__isnull=False, lifted_at=None, expired_at=None),
            ),
            models.Index(
                fields=["email_digest"],
                name="sanction_email",
                condition=Q(email_digest__isnull=False, lifted_at=None, expired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.user_id}"

    @property
    def imposed_term(self) -> timedelta | None:
        """How long it was imposed for, whatever its end is now; None for no end."""
        end = self.ends_at if self.end_changed_at is None else self.first_ends_at
        return None if end is None else end - self.starts_at

    @property
    def appeal_from(self) -> datetime:
        """When the time to appeal its decision began: anew when a sanction is lengthened.

        All sanctions of a ruling have the same.
        """
        return self.lengthened_at or self.created_at


class PendingStrike(Record):
    """A strike that a machine's verdict demands. A worker gives it, and deletes this row.

    Written in the transaction of the verdict, which must not wait for the locks that a strike and
    its consequences take.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("person"),
    )
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    verdict_id = models.UUIDField(_("verdict"), unique=True)
    subject_id = models.UUIDField(_("subject"))
    revision = models.PositiveIntegerField(_("revision"))
    policy_name = models.CharField(_("policy"), max_length=64)
    category = models.CharField(_("category"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("pending strike")
        verbose_name_plural = _("pending strikes")

    def __str__(self) -> str:
        return f"{self.user_id} {self.category}"
