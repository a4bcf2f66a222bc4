"""Texts that can be erased, commitments to them, and seals of the log (ADR 0063).

Additive: a previous release keeps running. It writes texts into the old columns, from where
`services.text_moves` moves them. The trigger allows that one change of a log line: the texts leave,
and what left is in the side table. Nothing else of a line ever changes.
"""

import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# `moderation_without_texts` keeps the names of providers, by which lines are found, and the case.
_TRIGGERS = """
CREATE FUNCTION moderation_without_texts(raw jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(
             key, CASE WHEN jsonb_typeof(value) = 'object' THEN '{}'::jsonb ELSE value END), '{}')
      FROM jsonb_each(raw) WHERE jsonb_typeof(value) = 'object' OR key = 'case'
$$;

CREATE FUNCTION moderation_log_only_moves_texts() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.commitment IS NULL
       AND octet_length(NEW.commitment) = 32
       AND NEW.raw = moderation_without_texts(OLD.raw)
       AND to_jsonb(NEW) - 'raw' - 'commitment' = to_jsonb(OLD) - 'raw' - 'commitment'
       AND EXISTS (SELECT FROM moderation_erasabletext
                    WHERE id = OLD.id AND kind = 'log'
                      AND content::jsonb = jsonb_build_object('raw', OLD.raw))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the moderation log is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

DROP TRIGGER moderation_log_append_only ON moderation_moderationlog;
CREATE TRIGGER moderation_log_append_only
    BEFORE DELETE ON moderation_moderationlog
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();
CREATE TRIGGER moderation_log_only_moves_texts
    BEFORE UPDATE ON moderation_moderationlog
    FOR EACH ROW EXECUTE FUNCTION moderation_log_only_moves_texts();

CREATE TRIGGER moderation_seals_append_only
    BEFORE UPDATE OR DELETE ON moderation_logseal
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();
"""
_BACK = """
DROP TRIGGER moderation_seals_append_only ON moderation_logseal;
DROP TRIGGER moderation_log_only_moves_texts ON moderation_moderationlog;
DROP TRIGGER moderation_log_append_only ON moderation_moderationlog;
CREATE TRIGGER moderation_log_append_only
    BEFORE UPDATE OR DELETE ON moderation_moderationlog
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_log_is_append_only();
DROP FUNCTION moderation_log_only_moves_texts();
DROP FUNCTION moderation_without_texts(jsonb);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('moderation', '0019_evaluations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ErasableText',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False, verbose_name='id')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('kind', models.CharField(choices=[('log', 'moderation log line'), ('case', 'case'), ('call', 'provider call')], max_length=4, verbose_name='kind')),
                ('subject_type', models.CharField(max_length=32, verbose_name='subject type')),
                ('subject_id', models.UUIDField(verbose_name='subject')),
                ('author_id', models.UUIDField(blank=True, null=True, verbose_name='author')),
                ('salt', models.BinaryField(max_length=16, null=True, verbose_name='salt')),
                ('content', models.TextField(null=True, verbose_name='content')),
                ('erased_at', models.DateTimeField(blank=True, null=True, verbose_name='erased')),
            ],
            options={
                'verbose_name': 'erasable text',
                'verbose_name_plural': 'erasable texts',
            },
        ),
        migrations.CreateModel(
            name='LogSeal',
            fields=[
                ('number', models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name='number')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('after_id', models.UUIDField(verbose_name='after')),
                ('last_id', models.UUIDField(verbose_name='up to')),
                ('entries', models.BinaryField(verbose_name='digests of lines')),
                ('digest', models.BinaryField(max_length=32, verbose_name='digest')),
            ],
            options={
                'verbose_name': 'seal of the moderation log',
                'verbose_name_plural': 'seals of the moderation log',
            },
        ),
        migrations.AddIndex(
            model_name='erasabletext',
            index=models.Index(fields=['subject_id'], name='text_subject'),
        ),
        migrations.AddIndex(
            model_name='erasabletext',
            index=models.Index(condition=models.Q(('author_id__isnull', False)), fields=['author_id'], name='text_author'),
        ),
        # In the order in which verdicts lock the tables, so that none of them ends in a deadlock.
        migrations.AddField(
            model_name='moderationlog',
            name='commitment',
            field=models.BinaryField(max_length=32, null=True, verbose_name='commitment to the texts'),
        ),
        migrations.RunSQL(_TRIGGERS, _BACK),
        migrations.AddField(
            model_name='case',
            name='commitment',
            field=models.BinaryField(max_length=32, null=True, verbose_name='commitment to the texts'),
        ),
        migrations.AlterField(
            model_name='case',
            name='note',
            field=models.TextField(blank=True, db_default='', default='', verbose_name='note'),
        ),
        migrations.AlterField(
            model_name='case',
            name='reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='case',
            name='text',
            field=models.TextField(blank=True, db_default='', default='', verbose_name='text'),
        ),
        migrations.AddField(
            model_name='providercall',
            name='commitment',
            field=models.BinaryField(max_length=32, null=True, verbose_name='commitment to the texts'),
        ),
    ]
