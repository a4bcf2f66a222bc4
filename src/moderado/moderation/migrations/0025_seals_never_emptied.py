"""PostgreSQL refuses to empty the seals, as it refuses to change them."""

from django.db import migrations

_REFUSE = """
CREATE TRIGGER moderation_seals_never_emptied
    BEFORE TRUNCATE ON moderation_logseal
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();
"""
_ALLOW = "DROP TRIGGER moderation_seals_never_emptied ON moderation_logseal;"


class Migration(migrations.Migration):
    dependencies = [("moderation", "0024_one_open_case")]

    operations = [migrations.RunSQL(_REFUSE, _ALLOW)]
