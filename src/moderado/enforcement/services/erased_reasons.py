"""Empties reasons that moderators put in words, when the account that they are about is erased."""

from typing import Any

from django.db.models import QuerySet

from moderado.enforcement.labels import REPORT_CATEGORY_CODES

# Reasons of the server itself, and those that moderators choose from: reports count by them.
_CODES = (*REPORT_CATEGORY_CODES, "undone", "reversed", "allowed", "policy")


def is_code(reason: str) -> bool:
    """Tell whether a reason is a code, which names no person."""
    return reason in _CODES


def erase_words(rows: "QuerySet[Any]", *fields: str) -> None:
    """Empty reasons in words; codes stay.

    Args:
        rows: Records about an account that is erased.
        fields: Their columns with reasons.
    """
    for field in fields:
        in_words = rows.exclude(**{f"{field}__in": ["", *_CODES]})
        in_words.update(**{field: ""})
