"""What is searched for is folded once for both languages, not once for each.

PostgreSQL puts the body of a function in SQL in place of its call, and with it its argument, as
often as that is named. A function in PL/pgSQL it calls. It names nothing that is not PostgreSQL's
own, so that it works under any `search_path`, as a dump is restored under an empty one.

Both give the same words for every text, so that the index stands, and the release before as well.
"""

from django.db import migrations

_ONCE = """
CREATE FUNCTION chat_stems(folded text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ BEGIN
        RETURN to_tsvector('portuguese'::regconfig, folded)
            || to_tsvector('english'::regconfig, folded);
    END $$;

CREATE OR REPLACE FUNCTION chat_search_vector(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN chat_stems(chat_fold(words));
"""
_TWICE = """
CREATE OR REPLACE FUNCTION chat_search_vector(words text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN to_tsvector('portuguese'::regconfig, chat_fold(words))
        || to_tsvector('english'::regconfig, chat_fold(words));

DROP FUNCTION chat_stems(text);
"""


class Migration(migrations.Migration):
    dependencies = [("chat", "0003_fewer_entries")]

    operations = [migrations.RunSQL(_ONCE, _TWICE)]
