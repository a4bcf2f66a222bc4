"""Commands act in the name of the user of the operating system."""

import os
import pwd

import pytest
from django.core.management import get_commands, load_command_class

from moderado.core import operators
from moderado.core.operators import OperatorCommand, current_operator

pytestmark = pytest.mark.proves("R219")


def test_all_commands_of_the_product_name_their_user():
    own = {
        name: app
        for name, app in get_commands().items()
        if app.startswith("moderado.") and name != "migrate"  # it acts on no record
    }
    assert len(own) > 15
    classes = {name: type(load_command_class(app, name)) for name, app in own.items()}
    assert [name for name, each in classes.items() if not issubclass(each, OperatorCommand)] == []


class Asking(OperatorCommand):
    def handle(self, *_args, **_options):
        return current_operator()


def run():
    return Asking().execute(force_color=False, no_color=False, skip_checks=True)


@pytest.fixture
def _accounts(monkeypatch):
    def getpwuid(number):
        if number != 1001:
            raise KeyError(number)
        return pwd.struct_passwd(("ana", "x", number, number, "", "/", "/bin/sh"))

    monkeypatch.setattr(operators.pwd, "getpwuid", getpwuid)


@pytest.mark.usefixtures("_accounts")
@pytest.mark.parametrize(
    ("user_id", "login", "name"),
    [
        (1001, None, "cli:ana"),
        (1001, "4294967295", "cli:ana"),  # a service, or a container
        (0, "1001", "cli:ana"),  # through sudo or su
        (0, "", "cli:0"),
        (0, "0", "cli:0"),
        (10_001, None, "cli:10001"),
        (1001, "1002", "cli:1002"),
    ],
)
def test_user_is_the_one_of_the_operating_system(monkeypatch, tmp_path, user_id, login, name):
    monkeypatch.setattr(os, "getuid", lambda: user_id)
    monkeypatch.setattr(operators, "LOGIN_ID", tmp_path / "loginuid")
    if login is not None:
        operators.LOGIN_ID.write_text(login)

    assert run() == name
    assert current_operator() is None
