"""Measures against raids on the page of a room in the admin, each for some minutes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from moderado.accounts.rights import ADD_SANCTION
from moderado.chat.models import Room
from moderado.chat.services import room_measures
from moderado.core import clock
from moderado.core.admin_acts import Act, ActField, Values
from moderado.core.errors import Invalid

_MINUTES = ActField(name="minutes", label=_("Minutes"), max_length=6)
_SECONDS = ActField(name="seconds", label=_("Seconds between two messages"), max_length=5)
_COLUMNS = ("frozen_until", "newcomers_wait_until", "slow_mode_until")
FIELDS = (*_COLUMNS, "slow_mode_seconds")


def _whole(values: Values, name: str) -> int:
    text = values[name].strip()
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise Invalid(fields={name: _("A whole number of at least 1.")})
    return int(text)


def _until(values: Values) -> datetime:
    return clock.now() + timedelta(minutes=_whole(values, "minutes"))


def _take(measure: Callable[..., Room], actor_id: UUID, room: Room, values: Values) -> None:
    measure(actor_id=actor_id, scope_ids=None, room_id=room.pk, until=_until(values))


def _slow(actor_id: UUID, room: Room, values: Values) -> None:
    slow = partial(room_measures.slow_room, seconds=_whole(values, "seconds"))
    _take(slow, actor_id, room, values)


def _end(actor_id: UUID, room: Room, _values: Values) -> None:
    of_room: dict[str, Any] = {"actor_id": actor_id, "scope_ids": None, "room_id": room.pk}
    ends: dict[str, Callable[..., Room]] = {
        "frozen_until": room_measures.freeze_room,
        "newcomers_wait_until": room_measures.let_newcomers_wait,
        "slow_mode_until": partial(room_measures.slow_room, seconds=1),
    }
    for column in _taken(room):
        ends[column](**of_room, until=None)


def _taken(room: Room) -> list[str]:
    now = clock.estimated()
    return [name for name in _COLUMNS if (until := getattr(room, name)) and until > now]


def _is_open(room: Room) -> bool:
    return room.deleted_at is None


_of_open_room = partial(Act, permission=ADD_SANCTION, is_possible=_is_open)

ACTS = (
    _of_open_room(
        name="freeze",
        label=_("Make read-only"),
        perform=partial(_take, room_measures.freeze_room),
        done=_("Members read, and do not write."),
        fields=(_MINUTES,),
    ),
    _of_open_room(
        name="newcomers_wait",
        label=_("Let newcomers wait"),
        perform=partial(_take, room_measures.let_newcomers_wait),
        done=_("Those who joined within the last day read, and do not write."),
        fields=(_MINUTES,),
    ),
    _of_open_room(
        name="slow_mode",
        label=_("Slow mode"),
        perform=_slow,
        done=_("Members write at intervals."),
        fields=(_SECONDS, _MINUTES),
    ),
    Act(
        name="end_measures",
        label=_("End the measures"),
        permission=ADD_SANCTION,
        perform=_end,
        done=_("The measures are over."),
        is_possible=lambda room: _is_open(room) and bool(_taken(room)),
        fields=(),
    ),
)
