"""Stamp each message with the transaction that last changed what its author sees.

The default is stable, not volatile: PostgreSQL stores one value for all existing rows and rewrites
nothing. The trigger also stamps what the previous release and an operator's SQL change. It names
only columns that the author sees, so that leases stay heap-only updates.

The column is no field of the model: no release writes it, and hot statements do not read it.
"""

from django.db import migrations

_STAMP = """
ALTER TABLE chat_message
    ADD COLUMN changed_xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);

CREATE FUNCTION chat_stamp_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN
        NEW.changed_xid := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END $$;

CREATE TRIGGER message_change BEFORE UPDATE OF
    room_id, author_id, client_id, text, revision, status, reason, categories, position, seq,
    reply_to_id, edited_at, published_at, edit_text, edit_revision, edit_status, edit_reason,
    edit_categories ON chat_message
    FOR EACH ROW EXECUTE FUNCTION chat_stamp_change();
"""
_STAMP_BACK = """
DROP TRIGGER message_change ON chat_message;
DROP FUNCTION chat_stamp_change();
ALTER TABLE chat_message DROP COLUMN changed_xid;
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0004_folded_once")]

    operations = [migrations.RunSQL(_STAMP, _STAMP_BACK)]
