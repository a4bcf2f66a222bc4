"""Notices by persons without an account, and the right to make evidence."""

import django.db.models.deletion
import django.utils.timezone
import moderado.core.ids
import moderado.enforcement.types
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enforcement', '0016_default_queues'),
        ('moderation', '0026_hash_bank'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='legalhold',
            options={'permissions': [('make_evidence', 'Can make evidence packages')], 'verbose_name': 'legal hold', 'verbose_name_plural': 'legal holds'},
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=moderado.core.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('protocol', models.CharField(max_length=19, unique=True, verbose_name='protocol number')),
                ('role', models.CharField(choices=[('victim', 'victim'), ('representative', 'representative of the victim'), ('prosecutor', 'public prosecutor'), ('child_protection', 'child-protection entity'), ('other', 'other')], max_length=16, verbose_name='role')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                ('email', models.CharField(blank=True, max_length=254, verbose_name='e-mail')),
                ('language', models.CharField(max_length=8, verbose_name='language')),
                ('reference', models.CharField(blank=True, max_length=500, verbose_name='content')),
                ('category', models.CharField(choices=[('profanity', 'swearing'), ('insult', 'insults'), ('harassment', 'harassment'), ('hate', 'hate against a group'), ('sexual', 'sexual content'), ('violence', 'violence'), ('threat', 'a threat'), ('self_harm', 'self-harm'), ('child_safety', 'danger to children'), ('extremism', 'extremism'), ('spam', 'spam'), ('scam', 'a scam'), ('personal_data', 'personal data'), ('illicit', 'something illegal'), ('other', 'something else')], max_length=32, verbose_name='category')),
                ('text', models.TextField(blank=True, max_length=4000, verbose_name='explanation')),
                ('state', models.CharField(choices=[('unconfirmed', 'waits for the code from the e-mail'), ('open', 'under review'), ('decided', 'decided')], default=moderado.enforcement.types.NoticeState['UNCONFIRMED'], max_length=12, verbose_name='state')),
                ('outcome', models.CharField(blank=True, choices=[('action_taken', 'action was taken'), ('no_action', 'no action was needed'), ('unavailable', 'the content is not, or no longer, available')], default='', max_length=12, verbose_name='outcome')),
                ('code_digest', models.BinaryField(max_length=32, null=True, verbose_name='digest of the code')),
                ('code_expires_at', models.DateTimeField(null=True, verbose_name='code expires')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed')),
                ('due_at', models.DateTimeField(null=True, verbose_name='due')),
                ('reminded_at', models.DateTimeField(null=True, verbose_name='reminded')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('erased_at', models.DateTimeField(null=True, verbose_name='erased')),
                ('case', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='moderation.case', verbose_name='case')),
                ('ruling', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='enforcement.ruling', verbose_name='ruling')),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
            },
        ),
        migrations.CreateModel(
            name='NoticeMail',
            fields=[
                ('id', models.UUIDField(default=moderado.core.ids.new_id, editable=False, primary_key=True, serialize=False, verbose_name='id')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('kind', models.CharField(choices=[('code', 'code'), ('receipt', 'receipt'), ('outcome', 'outcome')], max_length=8, verbose_name='kind')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('next_attempt_at', models.DateTimeField(null=True, verbose_name='next attempt')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='sent')),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mails', to='enforcement.notice', verbose_name='notice')),
            ],
            options={
                'verbose_name': 'e-mail of a notice',
                'verbose_name_plural': 'e-mails of notices',
            },
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['due_at'], name='notice_due'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('state', 'unconfirmed')), fields=['created_at'], name='notice_unconfirmed'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('erased_at', None), ('state', 'decided')), fields=['decided_at'], name='notice_decided'),
        ),
        migrations.AddIndex(
            model_name='noticemail',
            index=models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['next_attempt_at'], name='mail_waiting'),
        ),
    ]
