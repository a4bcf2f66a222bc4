"""Operators see cases about danger to children, make evidence and keep the hash bank."""

from importlib import import_module

from django.contrib.auth.management import create_permissions
from django.db import migrations

_FIRST = import_module("moderado.chat.migrations.0008_staff_groups").GROUPS["operator"]
GRANTED = {
    ("moderation", "view_restricted_case"),
    ("moderation", "view_bankedtext"),
    ("moderation", "add_bankedtext"),
    ("moderation", "delete_bankedtext"),
    ("enforcement", "make_evidence"),
    ("enforcement", "view_notice"),
}


def extend_operators(apps, _):
    """Extend the group if operators have taken no right from it since it was created."""
    for label in ("moderation", "enforcement"):
        config = apps.get_app_config(label)
        module = getattr(config, "models_module", None)  # a stub has none
        config.models_module = True  # as for an installed app: creates its permissions
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = module
    permissions = apps.get_model("auth", "Permission").objects.select_related("content_type")
    for group in apps.get_model("auth", "Group").objects.filter(name="operator"):
        held = set(group.permissions.values_list("content_type__app_label", "codename"))
        if held >= _FIRST:
            group.permissions.add(
                *(
                    each
                    for each in permissions
                    if (each.content_type.app_label, each.codename) in GRANTED
                )
            )


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("chat", "0012_room_measures"),
        ("enforcement", "0017_notices"),
        ("moderation", "0026_hash_bank"),
    ]

    operations = [migrations.RunPython(extend_operators, migrations.RunPython.noop)]
