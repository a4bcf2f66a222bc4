from django.db import migrations, models

from moderado.core.migration_operations import DescribeField


class Migration(migrations.Migration):

    dependencies = [
        ("moderation", "0005_actors_that_are_people"),
    ]

    operations = [
        migrations.RenameField(
            model_name="moderationlog", old_name="rung", new_name="decided_by"
        ),
        DescribeField(
            model_name="moderationlog",
            name="decided_by",
            field=models.CharField(blank=True, max_length=64, verbose_name="decided by"),
        ),
    ]
