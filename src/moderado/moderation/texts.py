"""Reads the erasable texts of log lines, cases and provider calls.

Rows of a previous release still have them in columns of their own.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, JSONField, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from moderado.moderation.models import Case, ErasableText, ModerationLog, ProviderCall

R = TypeVar("R", Case, ModerationLog)


class TextState(StrEnum):
    """What has become of the texts of a record."""

    NONE = "none"  # it never had any
    KEPT = "kept"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a record: `raw` of lines and calls; `text`, `reason`, `note` of cases."""

    state: TextState = TextState.NONE
    content: Mapping[str, Any] = field(default_factory=dict)


def texts_of(
    rows: Iterable[Case | ModerationLog | ProviderCall],
    *,
    stored: Iterable[ErasableText] | None = None,
) -> dict[UUID, Texts]:
    """Return the texts of records by their ids, with at most one statement.

    Args:
        rows: The records.
        stored: Their texts, where they are read already.
    """
    rows = list(rows)
    if stored is None:
        committed = [row.pk for row in rows if row.commitment is not None]
        stored = ErasableText.objects.filter(pk__in=committed) if committed else ()
    contents = {each.pk: each.content for each in stored}
    return {
        row.pk: _unmoved(row) if row.commitment is None else _texts(contents.get(row.pk))
        for row in rows
    }


def with_texts(rows: Iterable[R]) -> list[R]:
    """Return records with their `texts`, and cases with `text`, `reason` and `note` as well.

    Do not save such a record: the columns of these names are those of older releases.
    """
    rows = list(rows)
    found = texts_of(rows)
    for row in rows:
        texts = found[row.pk]
        if isinstance(row, Case):
            if "text" not in texts.content:  # a ruling may follow the erasure
                texts = Texts(TextState.ERASED, texts.content)
            for name in ("text", "reason", "note"):
                # A previous release may rule on a case whose text was moved.
                setattr(row, name, texts.content.get(name) or getattr(row, name))
        row.texts = texts  # type: ignore[attr-defined]
    return rows


def in_text(words: str) -> Q:
    """Return the condition on cases that all words occur in the text, in any case."""
    stored = ErasableText.objects.filter(kind=ErasableText.Kind.CASE, pk=OuterRef("pk"))
    found = stored.annotate(written=KeyTextTransform("text", Cast("content", JSONField())))
    unmoved = Q(commitment=None)
    for word in words.split():
        found = found.filter(written__icontains=word)
        unmoved &= Q(text__icontains=word)
    return unmoved | Q(Exists(found))


def _texts(content: str | None) -> Texts:
    # A row that is gone cannot be shown, either. `log verify` tells the difference.
    if content is None:
        return Texts(TextState.ERASED)
    return Texts(TextState.KEPT, json.loads(content))


def _unmoved(row: Case | ModerationLog | ProviderCall) -> Texts:
    content: dict[str, Any]
    if isinstance(row, Case):
        content = {"text": row.text, "reason": row.reason, "note": row.note}
    elif isinstance(row, ModerationLog):
        content = {"raw": row.raw} if _has_texts(row.raw) else {}
    else:
        raw = (row.response or {}).get("raw")
        content = {"raw": raw} if raw else {}
    return Texts(TextState.KEPT if any(content.values()) else TextState.NONE, content)


def _has_texts(raw: Mapping[str, Any]) -> bool:
    """Tell whether `raw` of a log line says more than the ids that stay (migration 0020)."""
    return any(value and name != "case" for name, value in raw.items())
