"""What a person was in a room before a ban, to be restored if the ban is undone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0013_sweeps")]

    operations = [
        migrations.AddField(
            "removal",
            "role",
            models.CharField(
                editable=False, max_length=16, null=True, verbose_name="former role"
            ),
        ),
        migrations.AddField(
            "removal",
            "sanction_id",
            models.UUIDField(editable=False, null=True, verbose_name="sanction"),
        ),
    ]
