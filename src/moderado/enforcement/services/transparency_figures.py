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


def _median(table: str, group: str, *, begin: str = "created_at", where: str = "true") -> str:
    within = _WITHIN.format(column="decided_at")
    return (
        f"SELECT {group}, (percentile_disc(0.5) WITHIN GROUP (ORDER BY"  # noqa: S608
        f" floor(extract(epoch FROM decided_at - {begin}))))::bigint FROM {table}"
        f" WHERE {within} AND {where} GROUP BY 1 ORDER BY 1"
    )


_LOG = "moderation_moderationlog"
_NOTICED_APPEALS = (
    "enforcement_appeal AS appeal"
    " JOIN enforcement_ruling AS ruling ON ruling.id = appeal.appealed_id"
)
# Of rulings on cases with notices. A reversal takes the place of the ruling in a notice.
_IS_NOTICED = (
    "EXISTS (SELECT FROM enforcement_notice AS notice"
    " WHERE notice.case_id = ruling.case_id AND notice.confirmed_at IS NOT NULL)"
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
        _counted("enforcement_notice", "outcome", at="decided_at", where="state = 'decided'"),
    ),
    Figure(
        "notices_decided_by_category",
        "Notificações decididas, por categoria e resultado",
        _counted(
            "enforcement_notice",
            "category || ' ' || outcome",
            at="decided_at",
            where="state = 'decided'",
        ),
    ),
    Figure(
        "median_seconds_to_notice_decision",
        "Mediana de segundos até o resultado de uma notificação, por resultado",
        _median("enforcement_notice", "outcome", begin="confirmed_at", where="state = 'decided'"),
    ),
    Figure(
        "notices_decided_by_means",
        "Notificações decididas, por pessoa ou por meio automático",
        _counted(
            "enforcement_notice AS notice"
            " LEFT JOIN enforcement_ruling AS ruling ON ruling.id = notice.ruling_id",
            "CASE WHEN ruling.actor_id IS NULL THEN 'automatic' ELSE 'person' END",
            at="notice.decided_at",
            where="notice.state = 'decided'",
        ),
    ),
    Figure(
        "notices_decided_late",
        "Notificações decididas depois do prazo, por resultado",
        _counted(
            "enforcement_notice",
            "outcome",
            at="decided_at",
            where="state = 'decided' AND decided_at > due_at",
        ),
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
            _NOTICED_APPEALS,
            "appeal.outcome",
            at="appeal.decided_at",
            where=f"appeal.state = 'decided' AND {_IS_NOTICED}",
        ),
    ),
    Figure(
        "notice_rulings_reversed",
        "Decisões sobre conteúdo notificado que foram revertidas, por resultado da reversão",
        _counted(
            "enforcement_ruling AS ruling",
            "content",
            where=f"undone_at IS NULL AND reverses_id IS NOT NULL AND {_IS_NOTICED}",
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
