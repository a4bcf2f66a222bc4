"""What the ready groups of staff may do about persons, rulings and queues."""

from importlib import import_module

from django.contrib.auth.management import create_permissions
from django.db import migrations

_FIRST = import_module("moderado.chat.migrations.0008_staff_groups").GROUPS
_MODERATOR = {"view_sanction", "add_sanction", "view_report"}
_SENIOR_MODERATOR = _MODERATOR | {
    "lift_sanction", "reverse_ruling", "bulk_rule", "view_appeal", "decide_appeal",
    "suspend_reporting",
}  # fmt: skip
_OPERATOR = _SENIOR_MODERATOR | {"add_queue", "change_queue", "delete_queue"}
GROUPS = {
    "moderator": _MODERATOR,
    "senior moderator": _SENIOR_MODERATOR,
    "operator": _OPERATOR,
}


def extend_groups(apps, _):
    """Extend the groups from which operators have taken no right since they were created."""
    rights = {
        name: {("enforcement", codename) for codename in codenames}
        for name, codenames in GROUPS.items()
    }
    extend(apps, rights)


def extend(apps, rights):
    """Add rights, by group and as (app, codename), to the groups that have all of their first ones.

    A later migration uses it, too.
    """
    for app in sorted({app for wanted in rights.values() for app, _codename in wanted}):
        _create_permissions(apps, app)
    permissions = apps.get_model("auth", "Permission").objects
    for group in apps.get_model("auth", "Group").objects.filter(name__in=rights):
        held = set(group.permissions.values_list("content_type__app_label", "codename"))
        if held >= _FIRST[group.name]:
            for app, codename in rights[group.name]:
                group.permissions.add(
                    *permissions.filter(content_type__app_label=app, codename=codename)
                )


def _create_permissions(apps, app):
    config = apps.get_app_config(app)
    module = getattr(config, "models_module", None)  # a stub has none
    config.models_module = True  # as for an installed app: creates its permissions
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = module


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("chat", "0012_room_measures"),
        ("enforcement", "0010_appeals"),
    ]

    operations = [migrations.RunPython(extend_groups, migrations.RunPython.noop)]
