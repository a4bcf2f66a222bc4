"""An index with the fields that show an author. Built concurrently: writers are not blocked."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="user",
            index=models.Index(fields=["id"], include=("name", "language"), name="user_shown"),
        ),
    ]
