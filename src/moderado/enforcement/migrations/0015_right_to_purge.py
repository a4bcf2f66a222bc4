"""The ready groups of staff may remove the latest messages of an author: raids need it at once."""

from importlib import import_module

from django.contrib.auth.management import create_permissions
from django.db import migrations

_FIRST = import_module("moderado.chat.migrations.0008_staff_groups").GROUPS


def extend_groups(apps, _):
    """Extend the groups from which operators have taken no right since they were created."""
    config = apps.get_app_config("enforcement")
    module = getattr(config, "models_module", None)  # a stub has none
    config.models_module = True  # as for an installed app: creates its permissions
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = module
    right = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="enforcement", codename="purge_messages"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name__in=_FIRST):
        held = set(group.permissions.values_list("content_type__app_label", "codename"))
        if held >= _FIRST[group.name]:
            group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("enforcement", "0014_purges"),
    ]

    operations = [migrations.RunPython(extend_groups, migrations.RunPython.noop)]
