"""Restrict blind cases that reports or notices of danger to children had joined.

Before, such a case showed no category at all, and so it was open to all moderators.
"""

from django.db import migrations

RESTRICT = """
    UPDATE moderation_case AS known
       SET categories = ARRAY (
             SELECT DISTINCT code
               FROM unnest(known.categories || ARRAY['child_safety']::varchar[]) AS either (code)
              ORDER BY code),
           claimed_by_id = NULL,
           claimed_until = NULL,
           version = known.version + 1
     WHERE is_blind AND NOT 'child_safety' = ANY (categories)
       AND (EXISTS (SELECT FROM enforcement_report
                     WHERE case_id = known.id AND category = 'child_safety')
         OR EXISTS (SELECT FROM enforcement_notice
                     WHERE case_id = known.id AND category = 'child_safety'))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("enforcement", "0024_suspensions_by_term"),
        ("moderation", "0029_database_clock"),
    ]

    operations = [migrations.RunSQL(RESTRICT, migrations.RunSQL.noop)]
