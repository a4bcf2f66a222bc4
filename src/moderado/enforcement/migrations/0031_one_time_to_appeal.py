"""The time to appeal is that of the ruling: all its sanctions have the last lengthening of one."""

from django.db import migrations

FORWARD = """
UPDATE enforcement_sanction AS other
   SET lengthened_at = latest.at
  FROM (SELECT ruling_id, max(lengthened_at) AS at
          FROM enforcement_sanction
         WHERE ruling_id IS NOT NULL AND lengthened_at IS NOT NULL
         GROUP BY ruling_id) AS latest
 WHERE other.ruling_id = latest.ruling_id
   AND other.lengthened_at IS DISTINCT FROM latest.at
"""


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0030_other_ends")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
