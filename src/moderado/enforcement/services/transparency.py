"""Transparency reports: numbers of a period, each with the query that counted it.

A report has no time of its own, no random order and no rounding of its own: the same rows give the
same bytes. The log and the rows of decisions outlive erasure and retention.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from django.db import connection
from django.utils.translation import gettext_lazy as _

from moderado.core.errors import Invalid
from moderado.enforcement.services.transparency_figures import FIGURES, Figure
from moderado.enforcement.services.transparency_statements import (
    FIELDS,
    STATEMENTS,
    fields_of,
    section_of,
)

_MONTHS_OF_HALF = 6


@dataclass(frozen=True, slots=True)
class Period:
    """A half-year or a year, in UTC."""

    name: str
    since: datetime
    until: datetime


def period_of(name: str) -> Period:
    """Return the period `2026` or `2026H1`. Raises Invalid."""
    year, half = name[:4], name[4:]
    if not re.fullmatch(r"[1-9]\d{3}", year, re.ASCII) or half not in {"", "H1", "H2"}:
        raise Invalid(fields={"period": _("Write a year or a half-year: 2026, 2026H1.")})
    first = _MONTHS_OF_HALF + 1 if half == "H2" else 1
    since = datetime(int(year), first, 1, tzinfo=UTC)
    ends_with_year = half != "H1"
    until = datetime(int(year) + ends_with_year, 1 if ends_with_year else 7, 1, tzinfo=UTC)
    return Period(name, since, until)


def european_report(period: Period) -> str:
    """Return the numbers as CSV: one row for each indicator and group, with its query.

    Each has the section of the template of Regulation (EU) 2024/2835 that it belongs to, and the
    fields of the DSA Transparency Database as far as it has them.
    """
    written = StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["period", "section", "indicator", "group", "value", *FIELDS, "query"])
    for figure, rows in _numbers(period, (*FIGURES, STATEMENTS)):
        name, query = figure.indicator, _shown(figure, period)
        for group, value in rows:
            described = fields_of(name, group)
            section = section_of(name, group)
            table.writerow([period.name, section, name, group, value, *described, query])
    return written.getvalue()


def brazilian_report(period: Period) -> str:
    """Return the numbers as a document in Portuguese, with the queries at its end."""
    lines = [f"# Relatório de transparência: {period.name}", ""]
    queries = ["## Consultas", ""]
    for figure, rows in _numbers(period, FIGURES):
        lines += [f"## {figure.title}", "", "| grupo | número |", "| --- | ---: |"]
        lines += [f"| {group} | {value} |" for group, value in rows] or ["| (nenhum) | 0 |"]
        lines.append("")
        queries += [f"{figure.title}:", "", f"    {_shown(figure, period)}", ""]
    return "\n".join([*lines, *queries])


def _numbers(
    period: Period, figures: Iterable[Figure]
) -> Iterator[tuple[Figure, Sequence[tuple[str, int]]]]:
    with connection.cursor() as cursor:
        for figure in figures:
            cursor.execute(figure.query, {"since": period.since, "until": period.until})
            yield figure, cursor.fetchall()


def _shown(figure: Figure, period: Period) -> str:
    """Return the query as it can be run."""
    return figure.query % {
        "since": f"'{period.since.isoformat()}'",
        "until": f"'{period.until.isoformat()}'",
    }
