from django.db import migrations, models

from moderado.core.migration_operations import DescribeField


class Migration(migrations.Migration):

    dependencies = [("enforcement", "0022_database_clock")]

    operations = [
        DescribeField(
            model_name="ruling",
            name="content",
            field=models.CharField(
                choices=[
                    ("allow", "allowed"),
                    ("remove", "removed"),
                    ("keep_flagged", "kept and flagged"),
                    ("hold", "waits again"),
                ],
                max_length=16,
                verbose_name="content",
            ),
        ),
        DescribeField(
            model_name="caseexclusion",
            name="reason",
            field=models.CharField(
                choices=[
                    ("reporter", "reported the subject"),
                    ("decider", "made the decision that is appealed"),
                    ("ran_room", "ran the room when it was reported"),
                ],
                max_length=8,
                verbose_name="reason",
            ),
        ),
    ]
