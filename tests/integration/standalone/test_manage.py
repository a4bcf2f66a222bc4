"""`moderado COMMAND` as an operator types it: every mistake is one sentence in English."""

import pytest
from django.core.management import BaseCommand

from moderado.standalone import manage

NOT_FOUND = "There is nothing with this name, number, e-mail address or id."  # operators see all


@pytest.mark.proves("R128")
@pytest.mark.django_db(transaction=True)  # a command closes the connection
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["erase", "who@example.org"], NOT_FOUND),
        (["policy", "export", "missing"], NOT_FOUND),
        (["report", "--br", "soon"], "Write a year or a half-year: 2026, 2026H1."),
    ],
)
def test_mistakes_are_explained_in_english_on_any_server(capsys, arguments, sentence):
    with pytest.raises(SystemExit) as ended:
        manage.main(arguments)

    assert ended.value.code == 1
    assert capsys.readouterr().err == f"CommandError: {sentence}\n"


@pytest.mark.parametrize("command", [["keys"], ["policy"], ["export-dataset"], ["createsuperuser"]])
def test_help_shows_what_is_typed_and_no_option_of_django(command, capsys, monkeypatch):
    monkeypatch.setattr(BaseCommand, "suppressed_base_arguments", set())
    with pytest.raises(SystemExit):
        manage.main([*command, "--help"], prog=manage.PRODUCT)

    said = capsys.readouterr().out
    assert said.startswith(f"usage: moderado {command[0]} ")
    assert "--pythonpath" not in said
    assert "--traceback" not in said


def test_help_of_another_command_of_django_is_whole(capsys):
    with pytest.raises(SystemExit):
        manage.main(["check", "--help"])

    said = capsys.readouterr().out
    assert said.startswith("usage: moderado manage check ")
    assert "--traceback" in said
