"""What the ready groups of staff may see and do in the admin, and who reads the audit of staff."""

from importlib import import_module

from django.db import migrations

_RIGHTS = import_module("moderado.enforcement.migrations.0011_rights_of_staff_groups")
_MODERATOR = {("enforcement", "view_ruling"), ("enforcement", "view_queue")}
_SENIOR_MODERATOR = _MODERATOR | {
    ("enforcement", "view_bulkruling"),
    ("enforcement", "view_reportingsuspension"),
}
_OPERATOR = _SENIOR_MODERATOR | {
    ("accounts", "view_invitation"),
    ("accounts", "add_invitation"),
    ("accounts", "delete_invitation"),
    ("accounts", "view_apikey"),
    ("accounts", "add_apikey"),
    ("accounts", "delete_apikey"),
    ("moderation", "view_policy"),
    ("moderation", "add_policy"),
    ("moderation", "enable_policy"),
    ("moderation", "delete_policy"),
    ("moderation", "view_policyversion"),
    ("moderation", "view_policyassignment"),
    ("moderation", "view_policychange"),
    ("moderation", "view_evaluation"),
    ("moderation", "add_evaluation"),
    ("enforcement", "view_auditline"),
    ("enforcement", "view_legalhold"),
    ("enforcement", "add_legalhold"),
    ("enforcement", "release_legalhold"),
    ("enforcement", "view_erasure"),
    ("enforcement", "view_export"),
    ("enforcement", "view_retentionrun"),
    ("enforcement", "view_personblock"),
}
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
        ("accounts", "0010_second_factor"),
        ("moderation", "0024_one_open_case"),
        ("enforcement", "0018_rights_of_notices"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="legalhold",
            options={
                "permissions": [
                    ("make_evidence", "Can make evidence packages"),
                    ("release_legalhold", "Can release legal holds"),
                ],
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
            },
        ),
        migrations.RunPython(extend_groups, migrations.RunPython.noop),
    ]
