"""A further reason for closing a case. PostgreSQL's column stays as it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("moderation", "0026_hash_bank")]

    operations = [
        migrations.AlterField(
            "case",
            "close_reason",
            models.CharField(
                blank=True,
                choices=[
                    ("deleted", "deleted"),
                    ("replaced", "replaced by an edit"),
                    ("room_deleted", "room deleted"),
                    ("merged", "merged with an earlier case"),
                ],
                db_default="",
                default="",
                max_length=16,
                verbose_name="reason for closing",
            ),
        ),
    ]
