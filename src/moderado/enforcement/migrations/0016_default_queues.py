"""The queues that every server begins with. Operators change and delete them like their own.

A server whose operators have made queues gets none: a new one would take cases from theirs.
"""

from django.db import migrations

_HOUR = 3_600

# The first match wins. `labels.QUEUES` has the names for people.
QUEUES = [
    ("child_safety", 10, {"category": ["child_safety"]}, 2 * _HOUR),
    ("appeals", 20, {"origin": ["appeal"]}, 72 * _HOUR),
    ("reports", 30, {"origin": ["report", "notice"]}, 24 * _HOUR),
    ("held", 40, {"origin": ["hold"]}, 4 * _HOUR),
    ("flagged", 50, {"origin": ["flag", "audit"]}, 72 * _HOUR),
]


def create_queues(apps, _):
    queues = apps.get_model("enforcement", "Queue").objects
    if queues.exists():
        return
    for name, position, wanted, target in QUEUES:
        queues.create(name=name, position=position, filter=wanted, target_seconds=target)


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0015_right_to_purge")]

    operations = [migrations.RunPython(create_queues, migrations.RunPython.noop)]
