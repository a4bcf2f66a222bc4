"""The preparation of the database by `make up`."""

import sys

from django.db import OperationalError

from moderado.standalone import prepare


def test_refusal_of_the_database_says_what_to_do(monkeypatch, capsys):
    def refuse():
        raise OperationalError("out of shared memory\nHINT: …")

    monkeypatch.setenv("MODERADO_DEMO_PASSWORD", "-")
    monkeypatch.setattr(prepare, "_migrate", refuse)
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # the preparation replaces it

    assert prepare.main() == 2
    said = capsys.readouterr().err
    assert "out of shared memory. Run the command again" in said
    assert "HINT" not in said
