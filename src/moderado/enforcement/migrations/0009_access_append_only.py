"""Access records are append-only: never changed, and deleted only after their term."""

from django.db import migrations

_REFUSE = """
CREATE FUNCTION enforcement_access_is_kept() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.created_at < now() - interval '180 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'access records are kept for 180 days: DELETE refused'
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER access_append_only
    BEFORE UPDATE ON enforcement_accessrecord
    FOR EACH STATEMENT EXECUTE FUNCTION enforcement_is_append_only();
CREATE TRIGGER access_kept
    BEFORE DELETE ON enforcement_accessrecord
    FOR EACH ROW EXECUTE FUNCTION enforcement_access_is_kept();
CREATE TRIGGER access_seals_append_only
    BEFORE UPDATE OR DELETE ON enforcement_accessseal
    FOR EACH STATEMENT EXECUTE FUNCTION enforcement_is_append_only();
"""
_ALLOW = """
DROP TRIGGER access_seals_append_only ON enforcement_accessseal;
DROP TRIGGER access_kept ON enforcement_accessrecord;
DROP TRIGGER access_append_only ON enforcement_accessrecord;
DROP FUNCTION enforcement_access_is_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0008_exports_retention_access")]

    operations = [migrations.RunSQL(_REFUSE, _ALLOW)]
