"""What transparency reports count: the name of each number, and its query."""

from dataclasses import dataclass

_WITHIN = "{column} >= %(since)s AND {column} < %(until)s"


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


def _decided(table: str, *columns: str) -> str:
    """Return the rows that were decided when the period ended, with the outcome of that time.

    What was opened or decided again afterwards has its earlier outcome in `PastOutcome`.

    Args:
        table: Of cases, reports, notices or appeals.
        columns: That never change, beside `outcome`, `decided_at`, and `ruling_id` of notices.
    """
    fixed = ", ".join(f"record.{name}" for name in columns)
    replaced = ["outcome", "decided_at", *(["ruling_id"] if table == _NOTICES else [])]
    now, then = (
        ", ".join([fixed, *(f"{source}.{name}" for name in replaced)])
        for source in ("record", "past")
    )
    return (
        f"(SELECT {now} FROM {table} AS record WHERE state = 'decided' UNION ALL"  # noqa: S608
        f" SELECT {then} FROM enforcement_pastoutcome AS past"
        f" JOIN {table} AS record ON record.id = past.record_id"
        " WHERE past.ended_at >= %(until)s) AS decided"
    )


def _median(table: str, group: str, *, begin: str = "created_at", where: str = "true") -> str:
    within = _WITHIN.format(column="decided_at")
    return (
        f"SELECT {group}, (percentile_disc(0.5) WITHIN GROUP (ORDER BY"  # noqa: S608
        f" floor(extract(epoch FROM decided_at - {begin}))))::bigint FROM {table}"
        f" WHERE {within} AND {where} GROUP BY 1 ORDER BY 1"
    )


_LOG = "moderation_moderationlog"
_NOTICES = "enforcement_notice"
_CASES_DECIDED = _decided("moderation_case", "origin", "created_at")
_REPORTS_DECIDED = _decided("enforcement_report", "created_at")
_NOTICES_DECIDED = _decided(_NOTICES, "category", "role", "confirmed_at", "due_at")
_APPEALS_DECIDED = _decided("enforcement_appeal", "appealed_id", "created_at")
_ERASURES_ENDED = (
    "(SELECT state, ended_at AS decided_at FROM enforcement_erasure"
    " WHERE state IN ('held', 'done', 'cancelled') UNION ALL"
    " SELECT past.outcome, past.decided_at FROM enforcement_pastoutcome AS past"
    " JOIN enforcement_erasure AS erasure ON erasure.id = past.record_id"
    " WHERE past.ended_at >= %(until)s) AS ended"
)
# Within 10 s of a ruling: of a period that has ended, only at its very end.
NOT_UNDONE = "(undone_at IS NULL OR undone_at >= %(until)s)"
_NOTICED_APPEALS = (
    "enforcement_appeal AS appeal"
    " JOIN enforcement_ruling AS ruling ON ruling.id = appeal.appealed_id"
)
# Of rulings on cases with notices. A reversal takes the place of the ruling in a notice.
_IS_NOTICED = (
    "EXISTS (SELECT FROM enforcement_notice AS notice"
    " WHERE notice.case_id = ruling.case_id AND notice.confirmed_at < %(until)s)"
)
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
            _CASES_DECIDED,
            "outcome",
            at="decided_at",
            where="origin = 'hold' AND outcome = 'ALLOW'",
        ),
    ),
    Figure(
        "median_seconds_to_decision",
        "Mediana de segundos até a decisão de um caso",
        _median(_CASES_DECIDED, "origin"),
    ),
    Figure(
        "content_rulings",
        "Decisões sobre conteúdo que valem, por resultado",
        _counted("enforcement_ruling", "content", where=NOT_UNDONE),
    ),
    Figure(
        "rulings_reversed",
        "Decisões revertidas, por resultado da reversão",
        _counted(
            "enforcement_ruling", "content", where=f"{NOT_UNDONE} AND reverses_id IS NOT NULL"
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
        _counted(_REPORTS_DECIDED, "outcome", at="decided_at"),
    ),
    Figure(
        "median_seconds_to_report_decision",
        "Mediana de segundos até o resultado de uma denúncia, por resultado",
        _median(_REPORTS_DECIDED, "outcome"),
    ),
    # A notice exists once its notifier has confirmed the e-mail address.
    Figure(
        "notices_received",
        "Notificações recebidas, por categoria",
        _counted("enforcement_notice", "category", at="confirmed_at"),
    ),
    Figure(
        "notices_received_by_role",
        "Notificações recebidas, por qualidade de quem notificou",
        _counted("enforcement_notice", "role", at="confirmed_at"),
    ),
    Figure(
        "notices_decided",
        "Notificações decididas, por resultado",
        _counted(_NOTICES_DECIDED, "outcome", at="decided_at"),
    ),
    Figure(
        "notices_decided_by_category",
        "Notificações decididas, por categoria e resultado",
        _counted(_NOTICES_DECIDED, "category || ' ' || outcome", at="decided_at"),
    ),
    Figure(
        "median_seconds_to_notice_decision",
        "Mediana de segundos até o resultado de uma notificação, por resultado",
        _median(_NOTICES_DECIDED, "outcome", begin="confirmed_at"),
    ),
    Figure(
        "notices_decided_by_means",
        "Notificações decididas, por pessoa ou por meio automático",
        _counted(
            f"{_NOTICES_DECIDED} LEFT JOIN enforcement_ruling AS ruling"
            " ON ruling.id = decided.ruling_id",
            "CASE WHEN ruling.actor_id IS NULL THEN 'automatic' ELSE 'person' END",
            at="decided_at",
        ),
    ),
    Figure(
        "notices_decided_late",
        "Notificações decididas depois do prazo, por resultado",
        _counted(_NOTICES_DECIDED, "outcome", at="decided_at", where="decided_at > due_at"),
    ),
    Figure(
        "notice_appeals_received",
        "Recursos sobre conteúdo notificado, por tipo de decisão",
        _counted(_NOTICED_APPEALS, "decision_type", at="appeal.created_at", where=_IS_NOTICED),
    ),
    Figure(
        "notice_appeals_decided",
        "Recursos sobre conteúdo notificado que foram decididos, por resultado",
        _counted(
            f"{_APPEALS_DECIDED} JOIN enforcement_ruling AS ruling"
            " ON ruling.id = decided.appealed_id",
            "outcome",
            at="decided_at",
            where=_IS_NOTICED,
        ),
    ),
    Figure(
        "notice_rulings_reversed",
        "Decisões sobre conteúdo notificado que foram revertidas, por resultado da reversão",
        _counted(
            "enforcement_ruling AS ruling",
            "content",
            where=f"{NOT_UNDONE} AND reverses_id IS NOT NULL AND {_IS_NOTICED}",
        ),
    ),
    Figure(
        "reporters_suspended",
        "Suspensões do direito de denunciar, por critério",
        # The only one. The reason is in the words of a moderator, and may name persons.
        _counted("enforcement_reportingsuspension", "'unfounded_reports'"),
    ),
    Figure(
        "appeals_received",
        "Recursos recebidos, por tipo de decisão",
        _counted("enforcement_appeal", "decision_type"),
    ),
    Figure(
        "appeals_decided",
        "Recursos decididos, por resultado",
        _counted(_APPEALS_DECIDED, "outcome", at="decided_at"),
    ),
    Figure(
        "median_seconds_to_appeal_decision",
        "Mediana de segundos até a decisão de um recurso, por resultado",
        _median(_APPEALS_DECIDED, "outcome"),
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
        _counted(_ERASURES_ENDED, "state", at="decided_at"),
    ),
)
