"""One open case a revision. Built concurrently, restartable after an interruption."""

from django.db import migrations, models
from django.db.models import Q

_MERGE = """
    UPDATE moderation_case later
       SET state = 'closed', close_reason = 'replaced', closed_at = now(),
           claimed_by_id = NULL, claimed_until = NULL, version = later.version + 1
      FROM moderation_case earlier
     WHERE later.state = 'open' AND earlier.state = 'open'
       AND later.subject_type = earlier.subject_type AND later.subject_id = earlier.subject_id
       AND later.revision = earlier.revision
       AND (earlier.origin <> 'hold', earlier.id) < (later.origin <> 'hold', later.id)
"""
_SUBJECT = "(subject_type, subject_id, revision)"
_INDEXES = [
    "DROP INDEX CONCURRENTLY IF EXISTS case_subject;",
    f"CREATE INDEX CONCURRENTLY case_subject ON moderation_case {_SUBJECT};",
    "DROP INDEX CONCURRENTLY IF EXISTS case_priority;",
    "CREATE INDEX CONCURRENTLY case_priority"
    " ON moderation_case (state, priority DESC, score DESC, created_at);",
    _MERGE,
    "DROP INDEX CONCURRENTLY IF EXISTS one_open_case_a_revision;",
    "CREATE UNIQUE INDEX CONCURRENTLY one_open_case_a_revision"
    f" ON moderation_case {_SUBJECT} WHERE state = 'open';",
    "DROP INDEX CONCURRENTLY IF EXISTS case_queue;",
]
_BACK = [
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS case_queue"
    " ON moderation_case (state, score DESC, created_at);",
    "DROP INDEX CONCURRENTLY IF EXISTS one_open_case_a_revision;",
    "DROP INDEX CONCURRENTLY IF EXISTS case_priority;",
    "DROP INDEX CONCURRENTLY IF EXISTS case_subject;",
]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("moderation", "0023_cases_of_many_origins")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(_INDEXES, _BACK)],
            [
                migrations.RemoveIndex("case", "case_queue"),
                migrations.AddIndex(
                    "case",
                    models.Index(
                        fields=["subject_type", "subject_id", "revision"], name="case_subject"
                    ),
                ),
                migrations.AddIndex(
                    "case",
                    models.Index(
                        fields=["state", "-priority", "-score", "created_at"],
                        name="case_priority",
                    ),
                ),
                migrations.AddConstraint(
                    "case",
                    models.UniqueConstraint(
                        fields=["subject_type", "subject_id", "revision"],
                        name="one_open_case_a_revision",
                        condition=Q(state="open"),
                    ),
                ),
            ],
        ),
    ]
