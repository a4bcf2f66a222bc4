from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("enforcement", "0026_past_outcomes"),
    ]

    operations = [
        migrations.AddField(
            model_name="retentionrun",
            name="part",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="part"),
        ),
    ]
