"""An append-only table of the commitments of cases, which triggers write (ADR 0119).

Additive: the triggers record what a previous release writes, too. The function has the rights of
the tables' owner, so that the server's role can write no row itself.
"""

from django.db import migrations, models

import moderado.core.clock

_TRIGGERS = """
CREATE FUNCTION moderation_keep_case_commitment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    last integer := 0;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT coalesce(max(number), 0) INTO last
          FROM moderation_casecommitment WHERE case_id = NEW.id;
    END IF;
    INSERT INTO moderation_casecommitment (case_id, number, created_at, commitment)
    VALUES (NEW.id, last + 1, now(), NEW.commitment);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION moderation_keep_case_commitment() FROM PUBLIC;

CREATE TRIGGER moderation_case_commitments_append_only
    BEFORE UPDATE OR DELETE ON moderation_casecommitment
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();
CREATE TRIGGER moderation_case_commitments_never_emptied
    BEFORE TRUNCATE ON moderation_casecommitment
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();

CREATE TRIGGER moderation_opened_case_commitment
    AFTER INSERT ON moderation_case
    FOR EACH ROW WHEN (NEW.commitment IS NOT NULL)
    EXECUTE FUNCTION moderation_keep_case_commitment();
-- A commitment that is taken away is refused: the column of the copy is NOT NULL.
CREATE TRIGGER moderation_changed_case_commitment
    AFTER UPDATE OF commitment ON moderation_case
    FOR EACH ROW WHEN (NEW.commitment IS DISTINCT FROM OLD.commitment)
    EXECUTE FUNCTION moderation_keep_case_commitment();
"""
_BACK = """
DROP TRIGGER moderation_changed_case_commitment ON moderation_case;
DROP TRIGGER moderation_opened_case_commitment ON moderation_case;
DROP TRIGGER moderation_case_commitments_never_emptied ON moderation_casecommitment;
DROP TRIGGER moderation_case_commitments_append_only ON moderation_casecommitment;
DROP FUNCTION moderation_keep_case_commitment();
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0029_database_clock")]

    operations = [
        migrations.CreateModel(
            name="CaseCommitment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("case_id", models.UUIDField(verbose_name="case")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=moderado.core.clock.estimated,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "commitment",
                    models.BinaryField(max_length=32, verbose_name="commitment to the texts"),
                ),
                (
                    "lines_before",
                    models.PositiveIntegerField(
                        db_default=0, default=0, verbose_name="earlier log lines"
                    ),
                ),
            ],
            options={
                "verbose_name": "commitment of a case",
                "verbose_name_plural": "commitments of cases",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("case_id", "number"), name="one_case_commitment"
                    )
                ],
            },
        ),
        migrations.RunSQL(_TRIGGERS, _BACK),
    ]
