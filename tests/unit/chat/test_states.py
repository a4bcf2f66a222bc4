"""The lifecycle's vocabulary and the choices of the models are the same."""

from moderado.chat.models import Message, Room
from moderado.chat.services.transitions import STATUS
from moderado.chat.states import Mode, Phase


def test_modes_are_those_of_rooms():
    # In a room of mode `optimistic`, each text has one of the others.
    assert {*Mode} == {*Room.Mode.values} - {"optimistic"}


def test_every_phase_of_a_stored_revision_has_a_status():
    assert set(STATUS) == {*Phase} - {Phase.ABSENT}
    assert set(STATUS.values()) == {*Message.Status}
