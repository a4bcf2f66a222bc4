"""Where texts of older releases are found. Built concurrently, restartable after an interruption."""

from django.db import migrations, models
from django.db.models import Q

_INDEXES = [
    "DROP INDEX CONCURRENTLY IF EXISTS case_unmoved;",
    "CREATE INDEX CONCURRENTLY case_unmoved ON moderation_case (id)"
    " WHERE commitment IS NULL OR reason <> '' OR note <> '';",
    "DROP INDEX CONCURRENTLY IF EXISTS call_unmoved;",
    "CREATE INDEX CONCURRENTLY call_unmoved ON moderation_providercall (id)"
    " WHERE response ? 'raw';",
]
_DROP = [
    "DROP INDEX CONCURRENTLY IF EXISTS case_unmoved;",
    "DROP INDEX CONCURRENTLY IF EXISTS call_unmoved;",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("moderation", "0020_erasable_texts")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(_INDEXES, _DROP)],
            [
                migrations.AddIndex(
                    "case",
                    models.Index(
                        fields=["id"],
                        name="case_unmoved",
                        condition=Q(commitment__isnull=True) | ~Q(reason="") | ~Q(note=""),
                    ),
                ),
                migrations.AddIndex(
                    "providercall",
                    models.Index(
                        fields=["id"], name="call_unmoved", condition=Q(response__has_key="raw")
                    ),
                ),
            ],
        ),
    ]
