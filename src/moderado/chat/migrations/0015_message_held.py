"""An index with the held messages of an author, which each new connection asks for.

Built concurrently: writers are not blocked.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("chat", "0014_roles_of_removed")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["author"],
                name="message_held",
                condition=Q(status="HELD") | Q(edit_status="HELD"),
            ),
        ),
    ]
