"""Strikes with points by policy, and what they led to."""

import django.db.models.deletion
import django.utils.timezone
import moderado.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enforcement', '0012_never_emptied'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PendingStrike',
            fields=[
                ('id', models.UUIDField(default=moderado.core.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('scope_id', models.UUIDField(blank=True, null=True, verbose_name='room')),
                ('verdict_id', models.UUIDField(unique=True, verbose_name='verdict')),
                ('subject_id', models.UUIDField(verbose_name='subject')),
                ('revision', models.PositiveIntegerField(verbose_name='revision')),
                ('policy_name', models.CharField(max_length=64, verbose_name='policy')),
                ('category', models.CharField(blank=True, max_length=32, verbose_name='category')),
            ],
            options={
                'verbose_name': 'pending strike',
                'verbose_name_plural': 'pending strikes',
            },
        ),
        migrations.AddField(
            model_name='sanction',
            name='category',
            field=models.CharField(blank=True, db_default='', default='', max_length=32, verbose_name='category'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='cause',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='consequences', to='enforcement.sanction', verbose_name='caused by'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='policy_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='policy'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='threshold',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='threshold in points'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='verdict_id',
            field=models.UUIDField(blank=True, null=True, unique=True, verbose_name='verdict'),
        ),
        migrations.AddIndex(
            model_name='sanction',
            index=models.Index(condition=models.Q(('kind', 'strike')), fields=['starts_at'], name='sanction_strikes'),
        ),
        migrations.AddField(
            model_name='pendingstrike',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person'),
        ),
    ]
