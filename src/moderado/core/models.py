"""Fields shared by every table."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core import clock
from moderado.core.ids import new_id


class Record(models.Model):
    id = models.UUIDField(_("id"), primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(_("created"), default=clock.estimated, editable=False)

    class Meta:
        abstract = True
