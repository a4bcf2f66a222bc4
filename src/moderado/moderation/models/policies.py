"""Policies, their versions, where they apply, and who changed them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record
from moderado.moderation.labels import ROOM_TYPE_NAMES

NAME_LENGTH = 48
REASON_LENGTH = 500
# Reasons that the server itself gave, as they are stored. Stored ones never change.
_OWN_REASONS = {"made of the configuration": _("made of the configuration")}


class HasReason:
    """A row with a `reason` that staff wrote, or the server."""

    reason: str

    @property
    def reason_in_words(self) -> str:
        """The reason; one of the server is in the reader's language."""
        return str(_OWN_REASONS.get(self.reason, self.reason))


class Policy(Record):
    """A policy. Exactly one of its versions is enabled, once one ever was.

    `in_force` is what a claim reads: the enabled version, then those of the policies that it
    extends. `services.policies` writes it whenever one of them changes.
    """

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    extends = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="extended_by",
        verbose_name=_("extends"),
    )
    enabled = models.ForeignKey(
        "PolicyVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("enabled version"),
    )
    in_force = ArrayField(
        models.UUIDField(), verbose_name=_("versions in force"), default=list, editable=False
    )
    # A version that judges a sample beside the enabled one, without effect.
    shadow = models.ForeignKey(
        "PolicyVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("shadow version"),
    )
    shadow_sample = models.FloatField(_("share of the shadow"), default=0.1, db_default=0.1)
    # Decisions name policies for ever: a deleted one keeps its name and its versions.
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        permissions = [("enable_policy", "Can enable, roll back and assign policies")]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(HasReason, Record):
    """A version of a policy's document. Database triggers refuse UPDATE and DELETE."""

    policy = models.ForeignKey(
        Policy, on_delete=models.PROTECT, related_name="versions", verbose_name=_("policy")
    )
    number = models.PositiveIntegerField(_("number"))
    document = models.JSONField(_("document"))
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # made by the migration or on the command line
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("author"),
    )
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True, default="")

    class Meta:
        verbose_name = _("policy version")
        verbose_name_plural = _("policy versions")
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="one_version_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.policy} {self.number}"


class PolicyAssignment(Record):
    """Where a policy applies: to a room, to a type of room, or, with neither, to the server."""

    policy = models.ForeignKey(
        Policy, on_delete=models.PROTECT, related_name="assignments", verbose_name=_("policy")
    )
    scope_id = models.UUIDField(_("room"), null=True, blank=True)
    room_type = models.CharField(_("type of room"), max_length=16, blank=True, default="")

    class Meta:
        verbose_name = _("assignment of a policy")
        verbose_name_plural = _("assignments of policies")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_id"], name="one_policy_a_room", condition=Q(scope_id__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["room_type"], name="one_policy_a_type", condition=Q(scope_id__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        of_type = ROOM_TYPE_NAMES.get(self.room_type, self.room_type)
        return f"{self.policy} {self.scope_id or of_type or '*'}"


class PolicyChange(HasReason, Record):
    """A line of the history of policies: who did what, when and why."""

    class Action(models.TextChoices):
        SAVED = "saved", _("saved a version")
        ENABLED = "enabled", _("enabled a version")
        ROLLED_BACK = "rolled_back", _("rolled back to a version")
        ASSIGNED = "assigned", _("assigned")
        UNASSIGNED = "unassigned", _("no longer assigned")
        DELETED = "deleted", _("deleted")
        SHADOWED = "shadowed", _("chose a shadow")

    policy = models.ForeignKey(
        Policy, on_delete=models.PROTECT, related_name="changes", verbose_name=_("policy")
    )
    action = models.CharField(_("action"), max_length=16, choices=Action)
    version = models.ForeignKey(
        PolicyVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("version"),
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,  # the command line
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("who"),
    )
    reason = models.CharField(_("reason"), max_length=REASON_LENGTH, blank=True, default="")
    details = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("change of a policy")
        verbose_name_plural = _("changes of policies")

    def __str__(self) -> str:
        return f"{self.policy} {self.get_action_display()}"
