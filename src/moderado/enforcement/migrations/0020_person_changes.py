"""Which things of a person changed, in the order of transactions (ADR 0086)."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import moderado.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("enforcement", "0019_rights_of_admin_pages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonChange",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=moderado.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                        verbose_name="id",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                ("kind", models.CharField(max_length=8, verbose_name="kind")),
                ("subject_id", models.UUIDField(verbose_name="subject")),
                (
                    "changed_xid",
                    models.BigIntegerField(verbose_name="transaction of the last change"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "change for a person",
                "verbose_name_plural": "changes for persons",
                "indexes": [
                    models.Index(
                        fields=["user", "changed_xid", "id"], name="person_change_order"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "kind", "subject_id"), name="one_person_change"
                    )
                ],
            },
        ),
    ]
