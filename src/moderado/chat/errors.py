"""Errors of the chat services and selectors."""

from django.utils.translation import gettext_lazy as _

from moderado.core import errors
from moderado.core.errors import ApplicationError, Forbidden, NotFound
from moderado.enforcement.errors import Restricted


class NotAMember(Forbidden):
    code = "not_a_member"
    message = _("You are not a member of this room.")


class NotTheAuthor(Forbidden):
    code = "not_the_author"
    message = _("Only the author may change this message.")


class NotAllowedInRoom(Forbidden):
    code = "forbidden"
    message = _("Your role in this room does not allow this.")


class RoomFrozen(Restricted):
    code = "room_frozen"
    message = _("The moderation has made this room read-only.")


class NewcomersWait(Restricted):
    code = "newcomers_wait"
    message = _("The moderation lets newcomers to this room read, not write.")


class RoomCreationClosed(Forbidden):
    code = "room_creation_closed"
    message = _("Only staff create rooms on this server.")


class NoSuchRoom(NotFound):
    code = "no_such_room"
    message = _("There is no such room, or you may not see it.")


class NoSuchMessage(NotFound):
    code = "no_such_message"
    message = _("There is no such message, or you may not see it.")


class Conflict(errors.Conflict):
    message = _("This client_id was already used in this room for something else.")


class MessageGone(ApplicationError):
    code = "message_removed"
    message = _("This message has been removed.")


class LastAdmin(ApplicationError):
    code = "last_admin"
    message = _("A room needs an administrator: name another one first.")


class PersonBanned(ApplicationError):
    code = "person_banned"
    message = _("A moderator has banned this person from the room.")


class AlreadyAMember(ApplicationError):
    code = "already_a_member"
    message = _("This person is in the room already.")
