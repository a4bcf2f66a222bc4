"""Ready groups of staff, and the authors of cases that were opened before cases named them."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

_MODERATOR = {
    ("moderation", "view_case"),
    ("moderation", "claim_case"),
    ("moderation", "decide_case"),
    ("moderation", "view_moderationlog"),
    ("chat", "view_message"),
    ("chat", "view_revision"),
    ("chat", "view_room"),
    ("chat", "view_membership"),
}
_SENIOR_MODERATOR = _MODERATOR | {
    ("chat", "change_room"),
    ("chat", "change_membership"),
    ("accounts", "view_user"),
    ("moderation", "view_providercall"),
    ("moderation", "view_providerhealth"),
}
# No permission on groups and permissions: only superusers change rights.
_OPERATOR = _SENIOR_MODERATOR | {
    ("accounts", "add_user"),
    ("accounts", "change_user"),
    ("accounts", "view_session"),
    ("accounts", "change_session"),
}
GROUPS = {
    "moderator": _MODERATOR,
    "senior moderator": _SENIOR_MODERATOR,
    "operator": _OPERATOR,
}

_AUTHORS = """
    UPDATE moderation_case SET author_id = message.author_id
      FROM chat_message message
     WHERE moderation_case.author_id IS NULL AND subject_type = 'message'
       AND message.id = subject_id
"""


def create_groups(apps, _):
    """Create the groups that do not exist. Existing groups of these names stay as they are."""
    for label in ("accounts", "chat", "moderation"):
        config = apps.get_app_config(label)
        module = getattr(config, "models_module", None)  # a stub has none
        config.models_module = True  # as for an installed app: creates its permissions
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = module
    group_table = apps.get_model("auth", "Group")
    permission_table = apps.get_model("auth", "Permission")
    for name, wanted in GROUPS.items():
        group, is_new = group_table.objects.get_or_create(name=name)
        if is_new:
            group.permissions.set(
                permission
                for permission in permission_table.objects.select_related("content_type")
                if (permission.content_type.app_label, permission.codename) in wanted
            )


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("accounts", "0002_shown_authors"),
        ("moderation", "0008_authors_of_cases"),
        ("chat", "0007_last_activity"),
    ]

    operations = [
        migrations.RunSQL(_AUTHORS, migrations.RunSQL.noop),
        migrations.RunPython(create_groups, migrations.RunPython.noop),
    ]
