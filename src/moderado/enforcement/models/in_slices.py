"""What purges and rulings on many cases have in common."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class DecidedInSlices(Record):
    """A decision about many things, which a worker carries out in slices and reverses as one."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        # The moderator lost the right before the end.
        STOPPED = "stopped", _("stopped")
        REVERSING = "reversing", _("being reversed")
        REVERSED = "reversed", _("reversed")

    # Rooms of the moderator when they asked. Null: staff, all rooms.
    scope_ids = ArrayField(models.UUIDField(), null=True, verbose_name=_("rooms"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.RUNNING)
    # The last thing that was looked at, or that was restored.
    after_id = models.UUIDField(_("after"), null=True)
    reversal_reason = models.CharField(_("reason for the reversal"), max_length=64, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)
