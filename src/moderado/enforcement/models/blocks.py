"""Persons whom a member does not want to see."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class PersonBlock(Record):
    """A member blocks a person. Both are hidden from each other in direct views (ADR 0078)."""

    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # the constraint below begins with it
        verbose_name=_("who blocks"),
    )
    blocked = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("blocked person"),
    )

    class Meta:
        verbose_name = _("blocked person")
        verbose_name_plural = _("blocked persons")
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="one_block_a_person"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="no_block_of_oneself"),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} {self.blocked_id}"
