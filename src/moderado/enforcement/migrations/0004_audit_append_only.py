"""The audit of staff is append-only: the database itself refuses to change it."""

from django.db import migrations

_REFUSE = """
CREATE FUNCTION enforcement_is_append_only() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_append_only
    BEFORE UPDATE OR DELETE ON enforcement_auditline
    FOR EACH STATEMENT EXECUTE FUNCTION enforcement_is_append_only();
"""
_ALLOW = """
DROP TRIGGER audit_append_only ON enforcement_auditline;
DROP FUNCTION enforcement_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0003_erasure_and_holds")]

    operations = [migrations.RunSQL(_REFUSE, _ALLOW)]
