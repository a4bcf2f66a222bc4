"""Empties reasons that moderators put in words, when the account that they are about is erased."""

from typing import Any

from django.db.models import Q, QuerySet

from moderado.enforcement.labels import REPORT_CATEGORY_CODES

# Reasons of the server itself, and those that moderators choose from: reports count by them.
_CODES = (*REPORT_CATEGORY_CODES, "undone", "reversed", "allowed", "policy")


def is_code(reason: str) -> bool:
    """Tell whether a reason is a code, which names no person."""
    return reason in _CODES


def in_words(*fields: str) -> Q:
    """Return the condition that one of these columns has a reason in words."""
    found = Q()
    for field in fields:
        found |= ~Q(**{f"{field}__in": ["", *_CODES]})
    return found


def erase_words(rows: "QuerySet[Any]", *fields: str) -> None:
    """Empty reasons in words; codes stay.

    Args:
        rows: Records about an account that is erased.
        fields: Their columns with reasons.
    """
    for field in fields:
        rows.filter(in_words(field)).update(**{field: ""})
