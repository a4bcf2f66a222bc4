from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("chat", "0017_departures")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="succession_ban_id",
            field=models.UUIDField(editable=False, null=True, verbose_name="ban"),
        ),
        migrations.AddField(
            model_name="membership",
            name="former_role",
            field=models.CharField(
                choices=[
                    ("ADMIN", "administrator"),
                    ("MODERATOR", "moderator"),
                    ("MEMBER", "member"),
                ],
                editable=False,
                max_length=16,
                null=True,
                verbose_name="former role",
            ),
        ),
    ]
