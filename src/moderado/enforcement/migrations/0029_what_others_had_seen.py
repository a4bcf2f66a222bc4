"""Rulings remember whether others had seen the text: authors read what happened to it.

It is empty for rulings of earlier releases, and for those that one makes meanwhile.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0028_newest_rulings_and_reports")]

    operations = [
        migrations.AddField(
            model_name="ruling",
            name="was_seen",
            field=models.BooleanField(
                blank=True, null=True, verbose_name="others had seen it"
            ),
        ),
    ]
