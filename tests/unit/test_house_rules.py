"""Every module obeys the house rules, and every rule fails on a planted violation.

A rule that guards a call proves nothing when no code makes that call any more. Therefore each
planted violation changes the source of a real module, and `test_guarded_calls_exist_in_their_place`
checks that the calls which a rule confines to one place are still made there.
"""

from pathlib import Path

import pytest

import moderado
from tests import house_rules
from tests.house_rules import RULES, Module, Rule

pytestmark = pytest.mark.rules

ROOT = Path(moderado.__file__).parent
MODULES = {
    path.relative_to(ROOT).as_posix(): Module(
        path=path.relative_to(ROOT).as_posix(), text=path.read_text()
    )
    for path in sorted(ROOT.rglob("*.py"))
    if "migrations" not in path.parts
}


def append(path: str, code: str) -> Module:
    """The module as it is today, with `code` at its end."""
    return Module(path=path, text=f"{MODULES[path].text}\n\n{code}\n")


def replace(path: str, old: str, new: str) -> Module:
    """The module as it is today, with every `old` replaced; `old` must occur."""
    assert old in MODULES[path].text, f"{path} no longer contains {old!r}: plant another violation"
    return Module(path=path, text=MODULES[path].text.replace(old, new))


PLANTED = [
    (
        house_rules.module_length_is_limited,
        lambda: append("chat/services/rooms.py", "\n" * 300),
    ),
    (
        house_rules.function_length_is_limited,
        lambda: append("chat/services/rooms.py", "def create():\n" + "    pass\n" * 40),
    ),
    (
        house_rules.vague_names_are_forbidden,
        lambda: replace("chat/services/claims.py", "class Claimant", "class Manager"),
    ),
    (
        house_rules.vague_names_are_forbidden,
        lambda: replace("accounts/receivers.py", "def ", "def handle_"),
    ),
    (
        house_rules.vague_names_are_forbidden,
        lambda: Module(path="chat/utils.py", text=MODULES["chat/types.py"].text),
    ),
    (
        house_rules.coroutines_stay_in_entry_points,
        lambda: replace("chat/selectors/feed.py", "def changes(", "async def changes("),
    ),
    (
        house_rules.only_services_write_rows,
        lambda: append(
            "chat/selectors/rooms.py",
            "def touch(room_id):\n    Room.objects.filter(pk=room_id).update(seq=2)",
        ),
    ),
    (
        house_rules.only_services_write_rows,
        lambda: append("api/messages.py", "def touch(message):\n    message.save()"),
    ),
    (
        house_rules.only_services_write_rows,
        lambda: append("chat/selectors/messages.py", "def drop(rows):\n    rows.all().delete()"),
    ),
    (
        house_rules.log_events_are_constants,
        lambda: replace(
            "chat/services/screening.py", '"message_given_up"', 'f"gave up {message.id}"'
        ),
    ),
    (
        house_rules.log_events_are_constants,
        lambda: replace("chat/services/screening.py", '"message_given_up"', '"Message given up"'),
    ),
    (
        house_rules.only_pubsub_publishes_to_the_channel_layer,
        lambda: append(
            "realtime/rooms/hub.py",
            "def shout(layer, group, hint):\n    layer.group_send_now(group, hint)",
        ),
    ),
    (
        house_rules.only_pubsub_publishes_to_the_channel_layer,
        lambda: append(
            "chat/services/rooms.py",
            "def shout(hint):\n    get_channel_layer().send_now('hub', hint)",
        ),
    ),
    (
        house_rules.only_pubsub_publishes_to_the_channel_layer,
        lambda: append("wiring.py", "async def shout(layer):\n    await layer.group_send('r', {})"),
    ),
    (
        house_rules.only_connections_write_to_the_outbox,
        lambda: append(
            "realtime/rooms/hub.py", "def tell(connection):\n    connection.outbox.append('{}')"
        ),
    ),
    (
        house_rules.only_connections_write_to_the_outbox,
        lambda: append(
            "realtime/session/commands.py", "def tell(outbox):\n    outbox.write_now(b'')"
        ),
    ),
    (
        house_rules.only_core_events_uses_on_commit,
        lambda: append("chat/services/rooms.py", "def later():\n    transaction.on_commit(print)"),
    ),
    (
        house_rules.only_configuration_reads_the_environment,
        lambda: append("core/redis.py", "from os import environ"),
    ),
    (
        house_rules.only_configuration_reads_the_environment,
        lambda: append("core/redis.py", "URL = os.environ['REDIS_URL']"),
    ),
    (
        house_rules.row_locks_name_their_tables,
        lambda: append(
            "chat/services/rooms.py",
            "def lock():\n    return Room.objects.select_for_update(skip_locked=True)",
        ),
    ),
    (
        house_rules.no_blocking_call_inside_a_transaction,
        lambda: append(
            "chat/services/rooms.py",
            "def slow():\n    with transaction.atomic():\n        time.sleep(1)",
        ),
    ),
    (
        house_rules.no_blocking_call_inside_a_transaction,
        lambda: append(
            "moderation/services/ledger.py",
            "@transaction.atomic\ndef pay():\n    httpx.get('https://provider')",
        ),
    ),
    (
        house_rules.demanded_transactions_are_checked,
        lambda: append(
            "moderation/services/ledger.py",
            'def reserve_all():\n    """Reserve calls. Requires a transaction."""\n    return []',
        ),
    ),
    (
        house_rules.routes_have_a_quota_class,
        lambda: append("api/urls.py", "urlpatterns += [path('chat/export/', rooms.Export())]"),
    ),
    (
        house_rules.routes_have_a_quota_class,
        lambda: replace("web/urls.py", '"sign-out/"', '"sign-off/"'),
    ),
    (
        house_rules.routes_have_a_quota_class,
        lambda: Module(path="moderation/urls.py", text=MODULES["web/urls.py"].text),
    ),
    (
        house_rules.methods_have_a_quota_class,
        lambda: replace("api/rooms.py", "def patch(", "def put("),
    ),
    (
        house_rules.methods_have_a_quota_class,
        lambda: replace("web/views.py", "@require_POST", '@require_http_methods(["DELETE"])'),
    ),
    (
        house_rules.frames_have_a_quota_class,
        lambda: replace("realtime/wire/client_frames.py", 'tag="mark_read"', 'tag="mark_unread"'),
    ),
]


@pytest.fixture(scope="module")
def violations() -> dict[Rule, list[str]]:
    """What violates each rule. Each syntax tree is dropped after its turn: all take 100 MB."""
    found: dict[Rule, list[str]] = {rule: [] for rule in RULES}
    for each in MODULES.values():
        module = Module(path=each.path, text=each.text)
        for rule in RULES:
            found[rule] += [f"src/moderado/{each.path}:{at}: {why}" for at, why in rule(module)]
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_module_obeys_the_rule(rule, violations):
    assert not violations[rule], "\n".join(["", *violations[rule]])


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=lambda each: each.__name__)
def test_rule_fails_on_a_violation_planted_into_todays_code(rule, plant):
    assert list(rule(plant()))


def test_every_rule_has_a_planted_violation():
    assert {rule for rule, _ in PLANTED} == set(RULES)


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("realtime/pubsub/fanout.py", "layer.group_send_now("),
        ("realtime/pubsub/fanout.py", "layer.send_now("),
        ("core/events.py", "transaction.on_commit("),
        ("config/env.py", "environ"),
    ],
)
def test_guarded_calls_exist_in_their_place(path, call):
    assert call in MODULES[path].text
