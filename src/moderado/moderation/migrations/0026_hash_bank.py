"""The bank of texts that orders removed, and the right to see cases about danger to children."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
import moderado.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('moderation', '0025_seals_never_emptied'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BankVersion',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False, verbose_name='id')),
                ('version', models.UUIDField(verbose_name='version')),
            ],
            options={
                'verbose_name': 'version of the bank',
                'verbose_name_plural': 'versions of the bank',
            },
        ),
        migrations.AlterModelOptions(
            name='case',
            options={'permissions': [('claim_case', 'Can claim cases'), ('decide_case', 'Can decide cases'), ('view_restricted_case', 'Can see cases about danger to children')], 'verbose_name': 'case', 'verbose_name_plural': 'cases'},
        ),
        migrations.CreateModel(
            name='BankedText',
            fields=[
                ('id', models.UUIDField(default=moderado.core.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('reference', models.CharField(max_length=200, verbose_name='reference of the order')),
                ('digests', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), size=None, verbose_name='digests')),
                ('subject_type', models.CharField(max_length=32, verbose_name='subject type')),
                ('subject_id', models.UUIDField(verbose_name='subject')),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'banked text',
                'verbose_name_plural': 'banked texts',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['digests'], name='banked_digests')],
                'constraints': [models.UniqueConstraint(fields=('digests', 'reference'), name='one_banked_text')],
            },
        ),
    ]
