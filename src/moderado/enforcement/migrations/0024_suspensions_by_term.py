from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("enforcement", "0023_reversals_and_rooms")]

    operations = [
        migrations.RemoveConstraint(model_name="reportingsuspension", name="one_suspension"),
    ]
