"""Which things of a person changed, for devices that were away."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class PersonChange(Record):
    """A report, appeal, sanction, decision or block of a person, and when it last changed.

    One row a thing. `changed_xid` is the transaction of the last change, the order of `sync_me`
    (ADR 0086). Only `services.person_changes` writes it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # the constraint below begins with it
        verbose_name=_("person"),
    )
    kind = models.CharField(_("kind"), max_length=8)  # of `OwnThing`
    # For a block: the blocked person.
    subject_id = models.UUIDField(_("subject"))
    changed_xid = models.BigIntegerField(_("transaction of the last change"))

    class Meta:
        verbose_name = _("change for a person")
        verbose_name_plural = _("changes for persons")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "subject_id"], name="one_person_change")
        ]
        indexes = [models.Index(fields=["user", "changed_xid", "id"], name="person_change_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"
