"""Rooms, their members, and messages with their revisions."""

from moderado.chat.models.messages import Message as Message
from moderado.chat.models.messages import Revision as Revision
from moderado.chat.models.rooms import Departure as Departure
from moderado.chat.models.rooms import Membership as Membership
from moderado.chat.models.rooms import Removal as Removal
from moderado.chat.models.rooms import Room as Room
