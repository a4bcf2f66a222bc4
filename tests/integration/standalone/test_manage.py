"""`moderado COMMAND` as an operator types it: every mistake is one sentence in English."""

import pytest

from moderado.standalone import manage

NOT_FOUND = "There is nothing with this name, e-mail address or id."  # operators see all


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
