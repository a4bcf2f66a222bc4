"""Indexes for the lists of rulings and reports of moderators, the newest first.

Built concurrently: writers are not blocked.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("enforcement", "0027_retention_parts")]

    operations = [
        AddIndexConcurrently(
            model_name="ruling",
            index=models.Index(fields=["-created_at", "-id"], name="ruling_newest"),
        ),
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(fields=["-created_at", "-id"], name="report_newest_of_all"),
        ),
    ]
