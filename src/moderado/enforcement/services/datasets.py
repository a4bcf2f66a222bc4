"""Labelled decisions as a data set: for training elsewhere, without personal data (ADR 0080).

A row is a text on which a person ruled; names of accounts are left out. The split keeps authors and
times apart: what a model learned of one author, or of one event, must not help it in the test.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.conf import settings

from moderado.enforcement.services.audit import write_line
from moderado.enforcement.types import PERSON
from moderado.moderation.models import Case
from moderado.moderation.outbound.masking import masked
from moderado.moderation.restricted_cases import unrestricted_texts
from moderado.moderation.texts import with_texts

PAGE = 200
TEST_SHARE = 20  # per cent: of the authors, and of the time
TRAIN, TEST = "train", "test"
_NAMES = ("user_name", PERSON)  # subjects whose text is the name of a person

_LINK = re.compile(r"(?i)\b(?:https?://|www\.)\S+")
_MENTION = re.compile(r"(?<!\w)@[\w.-]{2,}")
_DAYS = "%Y-%m-%d"


@dataclass(slots=True)
class Counts:
    """What a data set consists of.

    Attributes:
        rows: By split and outcome.
        categories: By category.
        unused: Rows of test authors before the cut, and of others after it.
        since: The earliest ruling.
        until: The latest ruling.
        cut: Where the test begins.
    """

    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    unused: int = 0
    since: datetime | None = None
    until: datetime | None = None
    cut: datetime | None = None


def scrubbed(text: str) -> str:
    """Return a text whose personal data, links and mentions are replaced by tokens."""
    return masked(_MENTION.sub("[MENTION]", _LINK.sub("[LINK]", text)))


def labelled_rows(counts: Counts) -> Iterator[dict[str, Any]]:
    """Yield the rows, oldest first; `counts` grows with them. It leaves an audit line.

    Texts that were erased, or whose author is unknown, and names of persons are left out.
    """
    texts = unrestricted_texts(Case.objects.exclude(subject_type__in=_NAMES))
    decided = texts.filter(
        state=Case.State.DECIDED, decided_by__isnull=False, author_id__isnull=False
    )
    times = decided.order_by("id").values_list("decided_at", flat=True)
    number = times.count()
    write_line(actor_id=None, action="dataset_exported", decisions=number)
    if not number:
        return
    counts.cut = times[number * (100 - TEST_SHARE) // 100]
    rows, after = decided.order_by("id"), UUID(int=0)
    while page := with_texts(rows.filter(pk__gt=after)[:PAGE]):
        after = page[-1].id
        for case in page:
            if case.text and (row := _row(case, counts)):
                yield row


def data_card(counts: Counts) -> str:
    """Return the data card: what the rows are, how they were made, and what they do not tell."""
    lines = [
        f"| {split} | {outcome} | {number} |"
        for (split, outcome), number in sorted(counts.rows.items())
    ]
    categories = ", ".join(
        f"{name} ({number})" for name, number in sorted(counts.categories.items())
    )
    return _CARD.format(
        since=_day(counts.since),
        until=_day(counts.until),
        cut=_day(counts.cut),
        rows="\n".join(lines),
        categories=categories or "none",
        unused=counts.unused,
        share=TEST_SHARE,
    )


def _row(case: Case, counts: Counts) -> dict[str, Any] | None:
    assert counts.cut is not None
    assert case.decided_at is not None
    is_late, is_test_author = case.decided_at >= counts.cut, _is_test_author(case.author_id)
    counts.since = min(counts.since or case.decided_at, case.decided_at)
    counts.until = max(counts.until or case.decided_at, case.decided_at)
    if is_late != is_test_author:
        counts.unused += 1
        return None
    split = TEST if is_late else TRAIN
    counts.rows[split, case.outcome] += 1
    counts.categories.update(case.categories)
    return {
        "text": scrubbed(case.text),
        "outcome": case.outcome,
        "categories": sorted(case.categories),
        "subject": case.subject_type,
        "origin": case.origin,
        "blind": case.is_blind,
        "month": case.decided_at.strftime("%Y-%m"),
        "split": split,
    }


def _is_test_author(author_id: UUID | None) -> bool:
    assert author_id is not None
    key = settings.SECRET_KEY.encode()[:64]
    digest = blake2b(author_id.bytes, key=key, digest_size=4).digest()
    return int.from_bytes(digest) % 100 < TEST_SHARE


def _day(moment: datetime | None) -> str:
    return moment.strftime(_DAYS) if moment else "-"


_CARD = """# Data card

Texts of one Chat Moderado server on which a person ruled, from {since} to {until}.

| split | outcome | rows |
| --- | --- | --- |
{rows}

Categories: {categories}.

## Fields

One JSON object a line: `text`, `outcome` (`ALLOW` or `BLOCK`, by a person), `categories` (found by
the machine before the ruling; empty for blind cases), `subject` (`message`, or the name of a room),
`origin` (what opened the case), `blind` (ruled without seeing the verdict), `month`, `split`.

## Split

By author and time: {share} % of the authors, drawn by a keyed digest, are for the test, and only
with rulings since {cut}; the others are for the training, and only with rulings before it.
{unused} rows fit neither and are left out.

## Personal data

There are no ids of authors, rooms and messages, and no names of accounts. E-mails, telephone
numbers, CPF, CNPJ, cards, CEP, PIX keys, links and mentions are replaced by tokens such as
`[CPF_1]`. Names that people write in plain words are not found: read the texts before you pass them
on.

## Limits

Rows are what machines held or flagged and persons reported, and are no sample of what is written;
`blind` rows were drawn at random. Moderators err, and rules change over time. Erased texts are
missing. The texts offend.
"""
