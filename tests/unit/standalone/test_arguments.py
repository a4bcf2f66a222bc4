"""Arguments with bytes that are not UTF-8, as Python passes them on (PEP 383)."""

import os

import pytest

from moderado.standalone.__main__ import main

BYTES = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize(
    "arguments",
    [
        ["policy", "show", BYTES],
        ["hold", "add", "--user", BYTES, "--order", "7"],
        ["records", "extract", "--order", BYTES],
        ["createsuperuser", f"--email={BYTES}"],
        ["up", "--port", BYTES],
        [BYTES],
    ],
)
def test_argument_that_is_not_utf8_is_refused(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MODERADO_HOME", str(tmp_path / "none"))

    assert main(arguments) == 1

    assert "moderado: This argument is not UTF-8: " in (said := capsys.readouterr().err)
    assert r"caf\xe9" in said
    assert not (tmp_path / "none").exists()


def test_name_of_an_existing_file_may_have_any_bytes(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr("moderado.standalone.__main__._run", lambda _choice, rest: ran.append(rest))
    file = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")
    open(file, "w").close()  # noqa: PTH123  (the name, as the system gives it)

    main(["audit", file])

    assert ran == [[file]]
