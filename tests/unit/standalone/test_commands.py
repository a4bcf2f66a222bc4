"""The processes of a standalone instance."""

import pytest

from moderado.standalone.commands import serving
from moderado.standalone.engines import Engines
from moderado.standalone.home import Home

ENGINES = Engines(database_url="postgres:", database_owner_url="", redis_url="redis:")


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, "http://localhost:8123"), ("https://chat.example", "https://chat.example")],
)
def test_emails_name_the_port_of_this_instance_unless_told_otherwise(
    tmp_path, monkeypatch, given, expected
):
    monkeypatch.delenv("SITE_URL", raising=False)
    if given:
        monkeypatch.setenv("SITE_URL", given)

    commands = serving(Home(tmp_path), ENGINES, bind="127.0.0.1:8123", reload=False)

    assert {command.environment["SITE_URL"] for command in commands} == {expected}
