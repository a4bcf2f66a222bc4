"""The same text of two subjects has two entries in the bank, also for one order."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("moderation", "0027_merged_cases")]

    operations = [
        migrations.RemoveConstraint("bankedtext", "one_banked_text"),
        migrations.AddConstraint(
            "bankedtext",
            models.UniqueConstraint(
                fields=["digests", "reference", "subject_id"], name="one_banked_text"
            ),
        ),
    ]
