"""Outcomes that were replaced (ADR 0108). Triggers write them: the previous release is covered."""

from django.db import migrations, models

import moderado.core.clock
import moderado.core.ids

_TABLES = {
    "case": "moderation_case",
    "report": "enforcement_report",
    "notice": "enforcement_notice",
    "appeal": "enforcement_appeal",
}
_KEEP = """
CREATE FUNCTION enforcement_keep_outcome() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    DECLARE
        old_row jsonb := to_jsonb(OLD);
    BEGIN
        INSERT INTO enforcement_pastoutcome
               (id, created_at, record_id, outcome, ruling_id, decided_at, ended_at)
        VALUES (gen_random_uuid(), statement_timestamp(), OLD.id,
                coalesce(old_row ->> 'outcome', OLD.state), (old_row ->> 'ruling_id')::uuid,
                coalesce(old_row ->> 'decided_at', old_row ->> 'ended_at')::timestamptz, now());
        RETURN NULL;
    END $$;

CREATE TRIGGER past_outcomes_append_only
    BEFORE UPDATE OR DELETE ON enforcement_pastoutcome
    FOR EACH STATEMENT EXECUTE FUNCTION enforcement_is_append_only();

CREATE TRIGGER past_outcomes_never_emptied
    BEFORE TRUNCATE ON enforcement_pastoutcome
    FOR EACH STATEMENT EXECUTE FUNCTION enforcement_is_append_only();
"""
_KEEP_OF = """
CREATE TRIGGER {name}_keeps_outcome AFTER UPDATE ON {table}
    FOR EACH ROW
    WHEN (OLD.state = 'decided' AND OLD.decided_at IS NOT NULL
          AND (OLD.state, OLD.outcome, OLD.decided_at)
              IS DISTINCT FROM (NEW.state, NEW.outcome, NEW.decided_at))
    EXECUTE FUNCTION enforcement_keep_outcome();
"""
_KEEP_OF_ERASURES = """
CREATE TRIGGER erasure_keeps_outcome AFTER UPDATE ON enforcement_erasure
    FOR EACH ROW
    WHEN (OLD.state IN ('held', 'done', 'cancelled') AND OLD.ended_at IS NOT NULL
          AND (OLD.state, OLD.ended_at) IS DISTINCT FROM (NEW.state, NEW.ended_at))
    EXECUTE FUNCTION enforcement_keep_outcome();
"""
_FORGET = [f"DROP TRIGGER {name}_keeps_outcome ON {table};" for name, table in _TABLES.items()]
_FORGET += [
    "DROP TRIGGER erasure_keeps_outcome ON enforcement_erasure;",
    "DROP TRIGGER past_outcomes_never_emptied ON enforcement_pastoutcome;",
    "DROP TRIGGER past_outcomes_append_only ON enforcement_pastoutcome;",
    "DROP FUNCTION enforcement_keep_outcome();",
]


class Migration(migrations.Migration):
    dependencies = [
        ("enforcement", "0025_restricted_blind_cases"),
        ("moderation", "0029_database_clock"),
    ]

    operations = [
        migrations.CreateModel(
            name="PastOutcome",
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
                        default=moderado.core.clock.estimated,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                ("record_id", models.UUIDField(verbose_name="record")),
                ("outcome", models.CharField(max_length=12, verbose_name="outcome")),
                ("ruling_id", models.UUIDField(null=True, verbose_name="ruling")),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
                ("ended_at", models.DateTimeField(verbose_name="ended")),
            ],
            options={
                "verbose_name": "past outcome",
                "verbose_name_plural": "past outcomes",
                "indexes": [models.Index(fields=["ended_at"], name="past_outcome_end")],
            },
        ),
        migrations.RunSQL(_KEEP, migrations.RunSQL.noop),
        migrations.RunSQL(
            [
                *(_KEEP_OF.format(name=name, table=table) for name, table in _TABLES.items()),
                _KEEP_OF_ERASURES,
            ],
            _FORGET,
        ),
    ]
