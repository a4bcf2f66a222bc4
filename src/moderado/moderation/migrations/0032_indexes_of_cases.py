"""Indexes for the cases of rooms, and for the few restricted cases, which all lists look up.

Built concurrently: writers are not blocked.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("moderation", "0031_earlier_case_commitments")]

    operations = [
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(fields=["scope_id"], name="case_scope"),
        ),
        AddIndexConcurrently(
            model_name="case",
            index=models.Index(
                fields=["subject_type", "subject_id"],
                name="case_restricted",
                condition=Q(categories__overlap=["child_safety"]),
            ),
        ),
    ]
