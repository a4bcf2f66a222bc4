from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_erased_accounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="second_factor_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="second factor"),
        ),
    ]
