"""The audit trail is append-only: the database itself refuses to change or to empty it.

Two triggers, so that the one against TRUNCATE can be switched off by name before a whole database
is deleted. Only tests/conftest.py does that, for its own database.
"""

from django.db import migrations

_REFUSE = """
CREATE FUNCTION moderation_log_is_append_only() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the moderation log is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER moderation_log_append_only
    BEFORE UPDATE OR DELETE ON moderation_moderationlog
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();

CREATE TRIGGER moderation_log_never_emptied
    BEFORE TRUNCATE ON moderation_moderationlog
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();
"""
_ALLOW = """
DROP TRIGGER moderation_log_never_emptied ON moderation_moderationlog;
DROP TRIGGER moderation_log_append_only ON moderation_moderationlog;
DROP FUNCTION moderation_log_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial")]

    operations = [migrations.RunSQL(_REFUSE, _ALLOW)]
