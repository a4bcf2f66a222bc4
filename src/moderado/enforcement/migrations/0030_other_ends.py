"""Sanctions may end at another moment than the one that they were imposed until."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enforcement', '0029_what_others_had_seen'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='sanction',
            name='end_changed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='end changed'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='end_changed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='end changed by'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='end_reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=64, verbose_name='reason for the new end'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='first_ends_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='first end'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='lengthened_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='lengthened'),
        ),
        migrations.AddField(
            model_name='sanction',
            name='lengthened_by',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, null=True, size=None, verbose_name='lengthened by'),
        ),
    ]
