"""The rules of `tests/house_rules.py`, kept by every module, and able to fail."""

from pathlib import Path

import pytest

import moderado
from tests import house_rules
from tests.house_rules import RULES, Module

ROOT = Path(moderado.__file__).parent
MODULES = [
    Module(path=path.relative_to(ROOT).as_posix(), text=path.read_text())
    for path in sorted(ROOT.rglob("*.py"))
    if "migrations" not in path.parts
]

BROKEN = {
    house_rules.module_fits_in_one_sitting: "\n" * 301,
    house_rules.function_fits_on_one_screen: "def f():\n" + "    pass\n" * 40,
    house_rules.names_say_what_a_thing_is: "class Manager: ...",
    house_rules.async_stays_at_the_doors: "async def post_message(): ...",
    house_rules.only_services_write: "Room.objects.filter(id=1).update(seq=2)",
    house_rules.log_events_are_constants: "log.info(f'sent {text}')",
    house_rules.only_fanout_sends_to_groups: "await layer.group_send('room', {})",
    house_rules.only_events_wait_for_the_commit: "transaction.on_commit(print)",
    house_rules.only_configuration_reads_the_environment: "from os import environ",
    house_rules.locks_say_what_they_lock: "rooms.select_for_update(skip_locked=True)",
    house_rules.nobody_waits_inside_a_transaction: "with transaction.atomic():\n    time.sleep(1)",
}
MORE_BROKEN = [
    (house_rules.names_say_what_a_thing_is, "def handle_event(): ..."),
    (house_rules.log_events_are_constants, "log.warning('Something happened')"),
    (house_rules.log_events_are_constants, "self._log.error('failed: %s' % text)"),
    (house_rules.only_configuration_reads_the_environment, "os.environ['SECRET_KEY']"),
    (house_rules.only_services_write, "room.save()"),
    (house_rules.only_services_write, "rooms_visible_to(user).update(seq=2)"),
    (house_rules.only_services_write, "history(room).delete()"),
    (
        house_rules.nobody_waits_inside_a_transaction,
        "@transaction.atomic\ndef f():\n    httpx.get('https://provider')",
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_keeps_the_rule(rule):
    broken = [
        f"src/moderado/{module.path}:{line}: {why}"
        for module in MODULES
        for line, why in rule(module)
    ]

    assert not broken, "\n".join(["", *broken])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_can_be_broken(rule):
    assert list(rule(Module(path="chat/selectors/rooms.py", text=BROKEN[rule])))


@pytest.mark.parametrize(("rule", "text"), MORE_BROKEN)
def test_the_rule_is_not_fooled(rule, text):
    assert list(rule(Module(path="chat/selectors/rooms.py", text=text)))


def test_a_forbidden_name_of_a_file_is_found():
    module = Module(path="chat/utils.py", text="")

    assert list(house_rules.names_say_what_a_thing_is(module))
