"""Who sees purges, strike rules and notifiers in the admin."""

from importlib import import_module

from django.db import migrations

_RIGHTS = import_module("moderado.enforcement.migrations.0011_rights_of_staff_groups")
_MODERATOR = {("enforcement", "view_purge")}
_SENIOR_MODERATOR = _MODERATOR | {("enforcement", "view_strikerules")}
_OPERATOR = _SENIOR_MODERATOR | {("enforcement", "view_notifier")}
GROUPS = {
    "moderator": _MODERATOR,
    "senior moderator": _SENIOR_MODERATOR,
    "operator": _OPERATOR,
}


def extend_groups(apps, _):
    """Extend the groups from which operators have taken no right since they were created."""
    _RIGHTS.extend(apps, GROUPS)


class Migration(migrations.Migration):

    dependencies = [
        ('enforcement', '0020_person_changes'),
        ('moderation', '0027_merged_cases'),
    ]

    operations = [
        migrations.CreateModel(
            name='StrikeRules',
            fields=[
            ],
            options={
                'verbose_name': 'strike rules',
                'verbose_name_plural': 'strike rules',
                'proxy': True,
                'default_permissions': ('view',),
                'indexes': [],
                'constraints': [],
            },
            bases=('moderation.policyversion',),
        ),
        migrations.AlterModelOptions(
            name='notice',
            options={'permissions': [('view_notifier', 'Can see the e-mail addresses of notifiers')], 'verbose_name': 'notice', 'verbose_name_plural': 'notices'},
        ),
        migrations.RunPython(extend_groups, migrations.RunPython.noop),
    ]
