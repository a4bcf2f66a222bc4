"""The index of rulings contains only lines with an actor: machine verdicts have none.

Built concurrently, and restartable after any interruption.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_ACTORS = [
    "DROP INDEX CONCURRENTLY IF EXISTS log_actor;",
    "CREATE INDEX CONCURRENTLY log_actor ON moderation_moderationlog (actor_id)"
    " WHERE actor_id IS NOT NULL;",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("moderation", "0004_provider_health"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(_ACTORS, "DROP INDEX CONCURRENTLY IF EXISTS log_actor;")],
            [
                migrations.AddIndex(
                    "moderationlog",
                    models.Index(
                        fields=["actor"],
                        name="log_actor",
                        condition=models.Q(("actor__isnull", False)),
                    ),
                )
            ],
        ),
        migrations.AlterField(
            "moderationlog",
            "actor",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
