"""Sessions name their device, and the refresh token that was replaced last.

The previous release inserts rows without these columns: each is nullable or has a default.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_shown_authors")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="previous_refresh_id",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="rotated_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="user_agent",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="user agent"
            ),
        ),
    ]
