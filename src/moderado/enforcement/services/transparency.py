"""Transparency reports: numbers of a period, each with the query that counted it.

A report has no time of its own, no random order and no rounding of its own: the same rows give the
same bytes. The log and the rows of decisions outlive erasure and retention.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from django.db import connection
from django.utils.translation import gettext_lazy as _

from moderado.core.errors import Invalid

_WITHIN = "{column} >= %(since)s AND {column} < %(until)s"
_MONTHS_OF_HALF = 6


@dataclass(frozen=True, slots=True)
class Period:
    """A half-year or a year, in UTC."""

    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """Numbers of one kind.

    Attributes:
        indicator: The name, as in templates of the European reports.
        title: The name in Portuguese.
        query: Returns a group and its number, in order.
    """

    indicator: str
    title: str
    query: str


def _counted(table: str, group: str, *, at: str = "created_at", where: str = "true") -> str:
    within = _WITHIN.format(column=at)
    return (
        f"SELECT {group}, count(*) FROM {table} WHERE {within} AND {where}"  # noqa: S608
        " GROUP BY 1 ORDER BY 1"
    )


def _median(table: str, group: str, *, where: str = "true") -> str:
    within = _WITHIN.format(column="decided_at")
    return (
        f"SELECT {group}, (percentile_disc(0.5) WITHIN GROUP (ORDER BY"  # noqa: S608
        f" floor(extract(epoch FROM decided_at - created_at))))::bigint FROM {table}"
        f" WHERE {within} AND {where} GROUP BY 1 ORDER BY 1"
    )


_LOG = "moderation_moderationlog"
FIGURES = (
    Figure(
        "automated_decisions",
        "Decisões automáticas, por resultado",
        _counted(_LOG, "verdict", where="actor_id IS NULL"),
    ),
    Figure(
        "human_decisions",
        "Decisões de pessoas, por resultado",
        _counted(_LOG, "verdict", where="actor_id IS NOT NULL"),
    ),
    Figure(
        "automated_restrictions_by_category",
        "Restrições automáticas, por categoria",
        _counted(
            f"{_LOG} CROSS JOIN LATERAL jsonb_object_keys(categories) AS category",
            "category",
            where="actor_id IS NULL AND verdict IN ('HOLD', 'BLOCK')",
        ),
    ),
    Figure(
        "cases_opened",
        "Casos abertos, por origem",
        _counted("moderation_case", "origin"),
    ),
    Figure(
        "automated_decisions_overturned",
        "Retenções automáticas liberadas por uma pessoa",
        _counted(
            "moderation_case",
            "outcome",
            at="decided_at",
            where="origin = 'hold' AND outcome = 'ALLOW'",
        ),
    ),
    Figure(
        "median_seconds_to_decision",
        "Mediana de segundos até a decisão de um caso",
        _median("moderation_case", "origin"),
    ),
    Figure(
        "content_rulings",
        "Decisões sobre conteúdo que valem, por resultado",
        _counted("enforcement_ruling", "content", where="undone_at IS NULL"),
    ),
    Figure(
        "rulings_reversed",
        "Decisões revertidas, por resultado da reversão",
        _counted(
            "enforcement_ruling", "content", where="undone_at IS NULL AND reverses_id IS NOT NULL"
        ),
    ),
    Figure(
        "reports_received",
        "Denúncias recebidas, por categoria",
        _counted("enforcement_report", "category"),
    ),
    Figure(
        "reports_decided",
        "Denúncias decididas, por resultado",
        _counted("enforcement_report", "outcome", at="decided_at", where="state = 'decided'"),
    ),
    Figure(
        "median_seconds_to_report_decision",
        "Mediana de segundos até o resultado de uma denúncia, por resultado",
        _median("enforcement_report", "outcome", where="state = 'decided'"),
    ),
    Figure(
        "reporters_suspended",
        "Suspensões do direito de denunciar, por motivo",
        _counted("enforcement_reportingsuspension", "reason"),
    ),
    Figure(
        "appeals_received",
        "Recursos recebidos, por tipo de decisão",
        _counted("enforcement_appeal", "decision_type"),
    ),
    Figure(
        "appeals_decided",
        "Recursos decididos, por resultado",
        _counted("enforcement_appeal", "outcome", at="decided_at", where="state = 'decided'"),
    ),
    Figure(
        "median_seconds_to_appeal_decision",
        "Mediana de segundos até a decisão de um recurso, por resultado",
        _median("enforcement_appeal", "outcome", where="state = 'decided'"),
    ),
    Figure(
        "account_measures",
        "Medidas contra contas, por tipo",
        _counted("enforcement_sanction", "kind"),
    ),
    Figure(
        "monthly_authors",
        "Contas que escreveram, por mês",
        "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(DISTINCT author_id)"
        " FROM chat_message WHERE created_at >= %(since)s AND created_at < %(until)s"
        " GROUP BY 1 ORDER BY 1",
    ),
    Figure(
        "accounts_erased",
        "Contas apagadas, por estado",
        _counted("enforcement_erasure", "state", at="ended_at"),
    ),
)


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
    """Return the numbers as CSV: one row for each indicator and group, with its query."""
    written = StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["period", "indicator", "group", "value", "query"])
    for figure, rows in _numbers(period):
        for group, value in rows:
            table.writerow([period.name, figure.indicator, group, value, _shown(figure, period)])
    return written.getvalue()


def brazilian_report(period: Period) -> str:
    """Return the numbers as a document in Portuguese, with the queries at its end."""
    lines = [f"# Relatório de transparência: {period.name}", ""]
    queries = ["## Consultas", ""]
    for figure, rows in _numbers(period):
        lines += [f"## {figure.title}", "", "| grupo | número |", "| --- | ---: |"]
        lines += [f"| {group} | {value} |" for group, value in rows] or ["| (nenhum) | 0 |"]
        lines.append("")
        queries += [f"{figure.title}:", "", f"    {_shown(figure, period)}", ""]
    return "\n".join([*lines, *queries])


def _numbers(period: Period) -> Iterator[tuple[Figure, Sequence[tuple[str, int]]]]:
    with connection.cursor() as cursor:
        for figure in FIGURES:
            cursor.execute(figure.query, {"since": period.since, "until": period.until})
            yield figure, cursor.fetchall()


def _shown(figure: Figure, period: Period) -> str:
    """Return the query as it can be run."""
    return figure.query % {
        "since": f"'{period.since.isoformat()}'",
        "until": f"'{period.until.isoformat()}'",
    }
