"""What `sync_me` needs of memberships (ADR 0100): rows of those that ended, and touched rooms.

Triggers write both, so that no service can forget them and the previous release is covered. A room
whose members are counted anew gets a new row version: `sync_me` finds it by the transaction that
wrote it.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import moderado.core.clock
import moderado.core.ids

_TRIGGERS = """
CREATE FUNCTION chat_member_came() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        UPDATE chat_room SET seq = seq WHERE id IN (SELECT room_id FROM came);
        DELETE FROM chat_departure departure USING came
         WHERE departure.user_id = came.user_id AND departure.room_id = came.room_id;
        RETURN NULL;
    END $$;

CREATE FUNCTION chat_member_left() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        UPDATE chat_room SET seq = seq WHERE id IN (SELECT room_id FROM gone);
        INSERT INTO chat_departure (id, created_at, user_id, room_id)
        SELECT gen_random_uuid(), statement_timestamp(), gone.user_id, gone.room_id
          FROM gone JOIN accounts_user account ON account.id = gone.user_id
         WHERE account.erased_at IS NULL
         ORDER BY gone.user_id, gone.room_id
            ON CONFLICT (user_id, room_id) DO UPDATE SET created_at = excluded.created_at;
        RETURN NULL;
    END $$;

CREATE TRIGGER member_came AFTER INSERT ON chat_membership
    REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION chat_member_came();

CREATE TRIGGER member_left AFTER DELETE ON chat_membership
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION chat_member_left();
"""
_TRIGGERS_BACK = """
DROP TRIGGER member_left ON chat_membership;
DROP TRIGGER member_came ON chat_membership;
DROP FUNCTION chat_member_left();
DROP FUNCTION chat_member_came();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0016_database_clock"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0009_erased_accounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Departure",
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
                (
                    "room",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chat.room",
                        verbose_name="room",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "departure",
                "verbose_name_plural": "departures",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "room"), name="one_departure_a_room")
                ],
            },
        ),
        migrations.RunSQL(_TRIGGERS, _TRIGGERS_BACK),
    ]
