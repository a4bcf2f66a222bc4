"""The authors of messages, with what views need of them."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from moderado.accounts.models import User
from moderado.chat.models import Membership, Message


def with_authors(messages: QuerySet[Message], *, room_id: UUID | None = None) -> QuerySet[Message]:
    """Return the messages with their authors and the roles of these in the room.

    One query for the distinct authors is cheaper than a join, which looks up one for every message.

    Args:
        messages: The messages.
        room_id: The room of all of them; None if they are of several rooms.
    """
    people = User.objects.only("name", "language")
    if room_id is None:
        messages = messages.annotate(author_role=author_role())  # type: ignore[no-redef]  # instead of its query
    else:
        roles = Membership.objects.filter(room=room_id, user=OuterRef("pk")).values("role")
        people = people.annotate(role_in_room=Subquery(roles))
    return messages.prefetch_related(Prefetch("author", people))


def author_role() -> Subquery:
    """Return the role of a message's author in its room, or NULL."""
    memberships = Membership.objects.filter(room=OuterRef("room_id"), user=OuterRef("author_id"))
    return Subquery(memberships.values("role"))


def authors_of_messages(ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return who wrote messages, by their ids."""
    return dict(Message.objects.filter(pk__in=ids).values_list("id", "author_id"))


def author_of_message(message_id: UUID) -> UUID | None:
    """Return who wrote a message; None if there is no such message."""
    return Message.objects.filter(pk=message_id).values_list("author_id", flat=True).first()
