"""Management commands say in one line what a service has refused."""

import pytest
from django.core.management import CommandError

from moderado.core.commands import command_errors
from moderado.core.errors import Invalid, NotFound


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (NotFound("There is no such room."), "There is no such room."),
        (Invalid(fields={"a": "Too long.", "b": "Too short."}), "Too long. Too short."),
        (Invalid("Not both."), "Not both."),
    ],
)
def test_refusal_of_a_service_becomes_one_line(refusal, sentence):
    with pytest.raises(CommandError) as raised, command_errors():
        raise refusal

    assert str(raised.value) == sentence


def test_failure_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), command_errors():
        raise ZeroDivisionError
