"""Rooms and their members."""

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Func
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from moderado.core.models import Record


class Room(Record):
    """A room. `seq` counts its public changes without gaps, in the order of their commits."""

    class Mode(models.TextChoices):
        PRE = "pre", _("shown after approval")
        OPTIMISTIC = "optimistic", _("shown at once if nothing speaks against it")
        POST = "post", _("shown at once, removed if blocked")
        OFF = "off", _("shown at once, not judged")

    class Audience(models.TextChoices):
        ADULTS = "adults", _("adults only")
        MIXED = "mixed", _("people of all ages")
        MINORS = "minors", _("minors")

    name = models.CharField(_("name"), max_length=80)
    is_private = models.BooleanField(_("private"), default=False)
    moderation_mode = models.CharField(
        _("moderation"), max_length=16, choices=Mode, default=Mode.PRE
    )
    # Whom the room is for: a fact for policies. The default of the column serves older processes.
    audience = models.CharField(
        _("audience"),
        max_length=8,
        choices=Audience,
        default=Audience.MIXED,
        db_default=Audience.MIXED,
    )
    seq = models.BigIntegerField(_("last change"), default=0)
    # When a message was last published. No index: publishing would no longer update rows in place.
    last_activity_at = models.DateTimeField(_("last message"), db_default=Now(), editable=False)
    epoch = models.UUIDField(_("epoch"), default=uuid4, editable=False)
    # Grows with each change that may end a right to read: removal, role, privacy, deletion.
    acl_version = models.BigIntegerField(_("version of the rights"), default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("created by"),
    )
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    # Measures against raids, each until a moment. They do not bind moderators of the room.
    frozen_until = models.DateTimeField(_("read-only until"), null=True, blank=True)
    slow_mode_until = models.DateTimeField(_("slow mode until"), null=True, blank=True)
    slow_mode_seconds = models.PositiveIntegerField(
        _("seconds between messages"), null=True, blank=True
    )
    newcomers_wait_until = models.DateTimeField(_("newcomers wait until"), null=True, blank=True)
    # Members who joined later are newcomers.
    newcomers_after = models.DateTimeField(_("newcomers joined after"), null=True, blank=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="room_newest"),
            # For the search by parts of names, as `selectors.rooms.listed_rooms` writes it. Of all
            # rooms: PostgreSQL estimates how many match from the statistics of whole indexes only.
            GinIndex(
                OpClass(
                    Func("name", function="chat_fold", output_field=models.TextField()),
                    name="gin_trgm_ops",
                ),
                name="room_names",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(Record):
    """A user's membership of a room: the role, and the `seq` up to which the user has read."""

    class Role(models.TextChoices):
        ADMIN = "ADMIN", _("administrator")
        MODERATOR = "MODERATOR", _("moderator")
        MEMBER = "MEMBER", _("member")

    room = models.ForeignKey(
        Room,
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
        verbose_name=_("room"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        verbose_name=_("user"),
    )
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.MEMBER)
    read_seq = models.BigIntegerField(_("read up to"), default=0)
    # In slow mode: when the member may post again.
    next_post_at = models.DateTimeField(_("next message"), null=True, editable=False)
    # If a ban of the last administrator, from the server or the room, gave the member this role:
    # that ban, and the former role, which returns if the ban is undone. Null once a person has
    # given the role.
    succession_ban_id = models.UUIDField(_("ban"), null=True, editable=False)
    former_role = models.CharField(  # noqa: DJ001
        _("former role"), max_length=16, choices=Role, null=True, editable=False
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["room", "user"], name="one_membership_a_room")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.get_role_display()} {self.room_id}"


class Removal(Record):
    """A user was removed from a room by an administrator, and has not joined again since.

    A user who left has no row: the messages that they left behind are judged as ever.

    Attributes:
        role: What the user was in the room before the ban `sanction_id`, and is again if the ban
            is undone. Null: nothing is restored.
        sanction_id: Null if there was no ban, or if it is undone and another one is in force.
    """

    room = models.ForeignKey(
        Room, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name=_("room")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", verbose_name=_("user")
    )
    role = models.CharField(_("former role"), max_length=16, null=True, editable=False)  # noqa: DJ001
    sanction_id = models.UUIDField(_("sanction"), null=True, editable=False)

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="one_removal_a_room")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.room_id}"


class Departure(Record):
    """A user was in a room and is not any more, for their devices that were away (ADR 0100).

    A trigger writes it when the membership ends, and deletes it when there is one again. It has no
    constraint of a foreign key: the trigger may also fire while the user is deleted.
    """

    room = models.ForeignKey(
        Room,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        verbose_name=_("room"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # the constraint below begins with it
        db_constraint=False,
        verbose_name=_("user"),
    )

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints = [
            models.UniqueConstraint(fields=["user", "room"], name="one_departure_a_room")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.room_id}"
