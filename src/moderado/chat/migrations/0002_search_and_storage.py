"""What Django's models cannot say: how rows are packed, and how messages are found.

The index of search holds published messages only, so that posting pays nothing for it. Its two
functions are immutable in earnest: they call nothing that a setting or a dictionary may change.
`chat_fold` takes accents and capitals away; `chat_search_vector` stems in both languages.
"""

from django.contrib.postgres.operations import BtreeGinExtension, TrigramExtension
from django.db import migrations

# Rows that are updated in place find room on their own page (heap-only tuples).
_STORAGE = """
ALTER TABLE chat_room SET (fillfactor = 70);
ALTER TABLE chat_membership SET (fillfactor = 80);
ALTER TABLE chat_message SET (fillfactor = 80);
"""
_STORAGE_BACK = """
ALTER TABLE chat_room RESET (fillfactor);
ALTER TABLE chat_membership RESET (fillfactor);
ALTER TABLE chat_message RESET (fillfactor);
"""

_FUNCTIONS = r"""
CREATE FUNCTION chat_fold(words text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN lower(regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]+', '', 'g'));

CREATE FUNCTION chat_search_vector(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_tsvector('portuguese'::regconfig, chat_fold(words))
        || to_tsvector('english'::regconfig, chat_fold(words));
"""
_FUNCTIONS_BACK = """
DROP FUNCTION chat_search_vector(text);
DROP FUNCTION chat_fold(text);
"""

_INDEX = """
CREATE INDEX message_search ON chat_message
    USING gin (room_id, chat_search_vector(text), chat_fold(text) gin_trgm_ops)
    WHERE status = 'APPROVED';
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]

    operations = [
        TrigramExtension(),
        BtreeGinExtension(),
        migrations.RunSQL(_STORAGE, _STORAGE_BACK),
        migrations.RunSQL(_FUNCTIONS, _FUNCTIONS_BACK),
        migrations.RunSQL(_INDEX, "DROP INDEX message_search;"),
    ]
