"""Cases that reports, appeals and notices open or join, too."""

import django.contrib.postgres.fields
from django.db import migrations, models

_ORIGINS = [
    ("hold", "held"),
    ("flag", "flagged"),
    ("report", "reported"),
    ("appeal", "appealed"),
    ("audit", "sampled"),
    ("notice", "notice"),
]


class Migration(migrations.Migration):
    dependencies = [("moderation", "0022_audience_of_names")]

    operations = [
        # Verdicts hold the lock of their subject, so nothing opens a case twice before 0024.
        migrations.RemoveConstraint("case", "one_case_a_revision"),
        migrations.AddField(
            "case",
            "escalated_at",
            models.DateTimeField(blank=True, null=True, verbose_name="escalated"),
        ),
        migrations.AddField(
            "case",
            "joined_origins",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=_ORIGINS, max_length=8),
                db_default=[],
                default=list,
                size=None,
                verbose_name="further origins",
            ),
        ),
        migrations.AddField(
            "case",
            "priority",
            models.SmallIntegerField(db_default=0, default=0, verbose_name="priority"),
        ),
        migrations.AddField(
            "case",
            "snoozed_until",
            models.DateTimeField(blank=True, null=True, verbose_name="snoozed until"),
        ),
        migrations.AddField(
            "case",
            "before_ruling",
            models.JSONField(blank=True, null=True, verbose_name="before the ruling"),
        ),
        migrations.AlterField(
            "case",
            "origin",
            models.CharField(choices=_ORIGINS, max_length=8, verbose_name="origin"),
        ),
    ]
