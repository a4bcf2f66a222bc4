"""Messages with their revisions."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from moderado.chat.models.rooms import Membership, Room
from moderado.core.models import Record
from moderado.core.wire_limits import MAX_CLIENT_ID


class Message(Record):
    """A message: its main revision, and in the `edit_` fields an edit beside it (ADR 0002).

    `chat.lifecycle` decides all changes of status. The main revision is visible if it is APPROVED;
    it is still to be judged if the message is queued and, where an edit is PENDING, the log has no
    verdict on it.

    The table also has a column `changed_xid`, which only PostgreSQL writes: the transaction that
    last changed what the author sees (`selectors.own_changes`, ADR 0039).
    """

    class Status(models.TextChoices):
        PENDING = "PENDING", _("pending")
        APPROVED = "APPROVED", _("approved")
        REJECTED = "REJECTED", _("rejected")
        HELD = "HELD", _("under review")
        REMOVED = "REMOVED", _("removed")

    # No index of its own: `message_history` begins with the room, and posting stays cheap.
    room = models.ForeignKey(
        Room,
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
        verbose_name=_("room"),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="messages",
        verbose_name=_("author"),
        db_index=False,  # as above: the constraint below begins with the author
    )
    client_id = models.CharField(_("id of the sender"), max_length=MAX_CLIENT_ID, null=True)  # noqa: DJ001  (NULLs do not collide)
    first_hash = models.BinaryField(
        _("digest of the first text"), max_length=16
    )  # of the first text: the same id, the same words
    text = models.TextField(_("text"))
    revision = models.PositiveIntegerField(_("revision"), default=1)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    categories = ArrayField(
        models.CharField(max_length=32), verbose_name=_("categories"), default=list, blank=True
    )
    position = models.BigIntegerField(_("position"))
    seq = models.BigIntegerField(_("last change"), default=0)  # 0: never public
    reply_to = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        verbose_name=_("reply to"),
    )
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    # When a text that others had seen was removed. Null also if an earlier release deleted it.
    removed_at = models.DateTimeField(_("deleted"), null=True, editable=False)

    # For a tombstone: what removed many messages at once. Neighbours of one sweep are one line.
    sweep_id = models.UUIDField(_("sweep"), null=True, editable=False)

    edit_text = models.TextField(_("waiting edit"), null=True, blank=True)  # noqa: DJ001
    edit_revision = models.PositiveIntegerField(_("revision of the edit"), null=True, blank=True)
    edit_status = models.CharField(  # noqa: DJ001
        _("status of the edit"), max_length=8, choices=Status, null=True, blank=True
    )
    edit_reason = models.CharField(_("reason of the edit"), max_length=32, blank=True, default="")
    edit_categories = ArrayField(
        models.CharField(max_length=32),
        verbose_name=_("categories of the edit"),
        default=list,
        blank=True,
    )

    # The queue: `queued_at` is set while a revision must be judged. A worker that judges outside of
    # a transaction leases the message until `lease_until`, under a new `fence`.
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)
    lease_until = models.DateTimeField(_("leased until"), null=True, blank=True)
    fence = models.PositiveIntegerField(_("lease number"), default=0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["author", "room", "client_id"], name="one_message_a_client_id"
            )
        ]
        indexes = [
            models.Index(fields=["room", "-position", "-id"], name="message_history"),
            models.Index(fields=["room", "seq"], name="message_changes", condition=Q(seq__gt=0)),
            models.Index(
                fields=["room", "position"],
                include=["author"],
                name="message_visible",
                condition=Q(status="APPROVED"),
            ),
            models.Index(
                fields=["room", "position"],
                include=["sweep_id"],
                name="message_swept",
                condition=Q(sweep_id__isnull=False),
            ),
            models.Index(
                fields=["reply_to"], name="message_replies", condition=Q(reply_to__isnull=False)
            ),
            models.Index(
                fields=["room", "queued_at", "id"],
                name="message_queue",
                condition=Q(queued_at__isnull=False),
            ),
            models.Index(
                fields=["author"],
                name="message_held",
                condition=Q(status="HELD") | Q(edit_status="HELD"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id}/{self.revision} {self.get_status_display()}"

    # What the claim knows of the room: filled by `services.claims`, read when it is judged.
    placement: Any = None
    # Whether the visible text is judged next, before the edit that waits. Filled likewise.
    awaits_shown: bool = False

    @cached_property
    def author_role(self) -> str | None:
        """The role of the author in the room now. `with_authors` reads it for whole pages."""
        if "role_in_room" in self.author.__dict__:
            return self.author.role_in_room  # type: ignore[no-any-return,attr-defined]  # annotated
        found = Membership.objects.filter(room=self.room_id, user=self.author_id)
        return found.values_list("role", flat=True).first()


class Revision(Record):
    """A revision that was replaced, kept for moderators and reverts.

    A ruling that blocks it sets `status` to REJECTED: it is then never shown again.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="revisions", verbose_name=_("message")
    )
    revision = models.PositiveIntegerField(_("revision"))
    text = models.TextField(_("text"))
    status = models.CharField(_("status"), max_length=8, choices=Message.Status)

    class Meta:
        verbose_name = _("superseded revision")
        verbose_name_plural = _("superseded revisions")

    def __str__(self) -> str:
        return f"{self.message_id}/{self.revision}"
