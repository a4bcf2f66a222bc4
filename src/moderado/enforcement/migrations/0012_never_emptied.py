"""PostgreSQL refuses to empty audit lines, access records and their seals."""

from django.db import migrations

_TABLES = {
    "audit_never_emptied": "enforcement_auditline",
    "access_never_emptied": "enforcement_accessrecord",
    "access_seals_never_emptied": "enforcement_accessseal",
}
_REFUSE = [
    f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION enforcement_is_append_only();"
    for name, table in _TABLES.items()
]
_ALLOW = [f"DROP TRIGGER {name} ON {table};" for name, table in _TABLES.items()]


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0011_rights_of_staff_groups")]

    operations = [migrations.RunSQL(_REFUSE, _ALLOW)]
