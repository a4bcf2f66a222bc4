"""Access records (Marco Civil da Internet, Lei 12.965/2014, art. 15), and seals of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from moderado.core import clock
from moderado.core.models import Record


class AccessRecord(Record):
    """An account used the server from an address and a source port at a time (UTC).

    Database triggers refuse UPDATE, and DELETE before the term of 180 days.
    """

    user_id = models.UUIDField(_("account"))
    address = models.GenericIPAddressField(_("address"))
    # Null: the proxy does not say it.
    port = models.PositiveIntegerField(_("source port"), null=True)

    class Meta:
        verbose_name = _("access record")
        verbose_name_plural = _("access records")
        indexes = [
            models.Index(fields=["user_id", "created_at"], name="access_user"),
            models.Index(fields=["address", "created_at"], name="access_address"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at.isoformat()} {self.address}"


class AccessSeal(models.Model):
    """The digest of consecutive access records, chained. It outlives the records.

    Triggers refuse UPDATE and DELETE.
    """

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    created_at = models.DateTimeField(_("created"), default=clock.estimated, editable=False)
    after_id = models.UUIDField(_("after"))
    last_id = models.UUIDField(_("up to"))
    records = models.PositiveIntegerField(_("records"))
    digest = models.BinaryField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("seal of access records")
        verbose_name_plural = _("seals of access records")

    def __str__(self) -> str:
        return str(self.number)
