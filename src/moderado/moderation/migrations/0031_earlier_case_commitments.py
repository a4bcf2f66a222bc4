"""Commitments of the cases that are older than the triggers, and calls that keep theirs (ADR 0119).

In batches, each a transaction of its own, so that no case stays locked. Restartable.
"""

from uuid import UUID

from django.db import migrations

BATCH = 1000  # cases

# A ruling at the same moment has number 1, or is in the snapshot with its log line.
_KEEP = """
    WITH batch AS MATERIALIZED (
        SELECT id, subject_id, commitment FROM moderation_case
         WHERE id > %s ORDER BY id LIMIT %s
    ), kept AS (
        INSERT INTO moderation_casecommitment
               (case_id, number, created_at, commitment, lines_before)
        SELECT batch.id, 0, now(), batch.commitment,
               (SELECT count(*) FROM moderation_moderationlog line
                 WHERE line.subject_id = batch.subject_id
                   AND line.raw ->> 'case' = batch.id::text)
          FROM batch
         WHERE batch.commitment IS NOT NULL
           AND NOT EXISTS (SELECT FROM moderation_casecommitment known
                            WHERE known.case_id = batch.id)
        ON CONFLICT DO NOTHING
    )
    SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""
_CALLS = """
    CREATE OR REPLACE TRIGGER moderation_call_commitment_is_kept
        BEFORE UPDATE OF commitment ON moderation_providercall
        FOR EACH ROW WHEN (OLD.commitment IS NOT NULL
                           AND NEW.commitment IS DISTINCT FROM OLD.commitment)
        EXECUTE FUNCTION moderation_log_is_append_only();
"""
_BACK = "DROP TRIGGER moderation_call_commitment_is_kept ON moderation_providercall;"


def keep_earlier(_apps, schema_editor):
    after = UUID(int=0)
    while after is not None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(_KEEP, [after, BATCH])
            row = cursor.fetchone()
        after = row and row[0]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("moderation", "0030_case_commitments")]

    operations = [
        migrations.RunPython(keep_earlier, migrations.RunPython.noop),
        migrations.RunSQL(_CALLS, _BACK),
    ]
