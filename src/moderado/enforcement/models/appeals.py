"""What the people affected by a decision write against it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.enforcement.labels import APPEAL_OUTCOMES, APPEAL_STATES, DECISION_TYPES
from moderado.enforcement.models.rulings import Ruling
from moderado.enforcement.types import AppealState
from moderado.moderation.models import Case


class Appeal(Record):
    """An appeal: one a decision. Another person than the first decider decides it.

    `case` is set where a ruling on a case decides the appeal: of an automatic verdict, or of a
    report about a person or a room. The others are decided directly.
    """

    appellant = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("appellant"),
    )
    decision_type = models.CharField(_("decision"), max_length=12, choices=DECISION_TYPES)
    decision_id = models.UUIDField(_("id of the decision"))
    subject_type = models.CharField(_("subject type"), max_length=32)
    subject_id = models.UUIDField(_("subject"))
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    # Empty once it is erased.
    text = models.TextField(_("text"), max_length=2000)
    first_decider = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("first decided by"),
    )
    # The ruling that is appealed. Null: another kind of decision.
    appealed = models.ForeignKey(
        Ruling,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appeals",
        verbose_name=_("appealed ruling"),
    )
    case = models.ForeignKey(
        Case,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="appeals",
        verbose_name=_("case"),
    )
    state = models.CharField(
        _("state"), max_length=8, choices=APPEAL_STATES, default=AppealState.OPEN
    )
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=APPEAL_OUTCOMES, blank=True, default=""
    )
    # The words of moderators are emptied when the appellant's data are erased.
    reason = models.CharField(_("reason"), max_length=64, blank=True, default="")
    public_note = models.TextField(_("public note"), max_length=2000, blank=True, default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    # The ruling that decided the appeal; its time to be undone may not be over yet.
    ruling = models.ForeignKey(
        Ruling,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("ruling"),
    )
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"))
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        permissions = [("decide_appeal", "Can decide appeals")]
        constraints = [
            models.UniqueConstraint(
                fields=["decision_type", "decision_id", "appellant"], name="one_appeal"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="appeal_due", condition=Q(state="open")),
            models.Index(fields=["state", "created_at", "id"], name="appeal_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_type_display()} {self.decision_id}"

    @property
    def shown_state(self) -> str:
        """The state as the appellant sees it: decided once a ruling cannot be undone any more."""
        return str(AppealState.OPEN if self.told_at is None else AppealState.DECIDED)
