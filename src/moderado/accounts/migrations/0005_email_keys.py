"""One account for all spellings of an e-mail address.

Accounts that already share an address under different spellings are kept and reported: the oldest
one has the key, the others sign in by their own spelling. Restartable after any interruption.
"""

import sys

from django.db import migrations, models

from moderado.accounts.lookalikes import email_key

BATCH = 1000

_INDEX = [
    "DROP INDEX CONCURRENTLY IF EXISTS account_email_keys;",
    "CREATE UNIQUE INDEX CONCURRENTLY account_email_keys ON accounts_user (email_key);",
]
_CONSTRAINT = (
    "ALTER TABLE accounts_user"
    " ADD CONSTRAINT one_account_an_email UNIQUE USING INDEX account_email_keys;"
)


def fill(apps, schema_editor):
    users = apps.get_model("accounts", "User").objects
    taken = set(users.exclude(email_key=None).values_list("email_key", flat=True))
    waiting = users.filter(email_key=None).order_by("created_at", "id")
    for user in waiting.only("id", "email").iterator(chunk_size=BATCH):
        key = email_key(user.email)
        if key in taken:
            print(f"\n  account {user.id} shares its e-mail with an older one", file=sys.stderr)
            continue
        taken.add(key)
        users.filter(pk=user.pk).update(email_key=key)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0004_chosen_languages")]

    operations = [
        migrations.AddField(
            "user",
            "email_key",
            models.CharField(editable=False, max_length=320, null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=False),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(_INDEX, migrations.RunSQL.noop),
                migrations.RunSQL(
                    _CONSTRAINT,
                    "ALTER TABLE accounts_user DROP CONSTRAINT one_account_an_email;",
                ),
            ],
            [
                migrations.AddConstraint(
                    "user",
                    models.UniqueConstraint(fields=["email_key"], name="one_account_an_email"),
                )
            ],
        ),
    ]
