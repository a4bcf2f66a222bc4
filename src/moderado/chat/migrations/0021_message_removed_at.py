"""Note when a text that others saw was deleted: it can be reported for a time after that."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0020_optimistic_mode")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="removed_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="deleted"),
        ),
    ]
