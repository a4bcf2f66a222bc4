"""Searches the whole database for a text: every column of every table."""

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

_TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField)


def columns_with(text: str) -> set[str]:
    """Return the columns that contain `text`, as `table.column`.

    A column is compared as PostgreSQL writes it in JSON, so that text, JSON and arrays are covered;
    binary columns are compared as bytes. `text` must be ASCII without quotes: it is then written as
    it is.
    """
    assert text.isascii()
    assert text.replace("-", "").isalnum()
    with connection.cursor() as cursor:
        statement = " UNION ALL ".join(
            f"SELECT DISTINCT '{table}.' || each.key"  # noqa: S608  (names of our tables)
            f' FROM "{table}" t, jsonb_each_text(to_jsonb(t)) each'
            " WHERE strpos(each.value, %(text)s) > 0 OR strpos(each.value, %(bytes)s) > 0"
            for table in connection.introspection.table_names(cursor)
        )
        cursor.execute(statement, {"text": text, "bytes": text.encode().hex()})
        return {column for (column,) in cursor.fetchall()}


def tables_with(text: str) -> set[str]:
    """Return the tables that contain `text`, as `columns_with` finds it."""
    return {each.partition(".")[0] for each in columns_with(text)}


def text_columns() -> set[str]:
    """Return the columns that can hold words: of models of all apps, without those of codes."""
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if _holds_words(field)
    }


def _holds_words(field: models.Field) -> bool:
    if isinstance(field, ArrayField):
        field = field.base_field
    is_code = bool(field.choices) and not isinstance(field, models.JSONField)
    return isinstance(field, _TEXTS) and not is_code
