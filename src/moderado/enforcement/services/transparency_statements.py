"""Decisions that restrict, counted by the fields of the DSA Transparency Database.

The names of fields and values are those of its interface, version 2 (July 2025). The sections are
those of the quantitative template of Implementing Regulation (EU) 2024/2835, Annex I.
"""

from collections.abc import Mapping

from moderado.enforcement.services.transparency_figures import NOT_UNDONE, Figure
from moderado.moderation.types import Category

INDICATOR = "statements_of_reasons"
FIELDS = (
    "category",
    "decision_visibility",
    "decision_provision",
    "decision_account",
    "source_type",
    "automated_detection",
    "automated_decision",
)
NOTHING = "-"  # of a field that a decision does not have
OTHER = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
CATEGORIES: Mapping[str, str] = {
    Category.PROFANITY: OTHER,
    Category.INSULT: "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    Category.HARASSMENT: "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    Category.HATE: "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    Category.SEXUAL: OTHER,  # adult material is a keyword of it
    Category.VIOLENCE: "STATEMENT_CATEGORY_VIOLENCE",
    Category.THREAT: "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    Category.SELF_HARM: "STATEMENT_CATEGORY_SELF_HARM",
    Category.CHILD_SAFETY: "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    Category.EXTREMISM: "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    Category.SPAM: OTHER,
    Category.SCAM: "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    Category.PERSONAL_DATA: "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    Category.ILLICIT: "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
}
# The section of the template that a number belongs to. Others are context of no section.
SECTIONS: Mapping[str, str] = {
    "notices_received": "1.3",
    "notices_received_by_role": "1.3",
    "notices_decided": "1.3",
    "notices_decided_by_category": "1.3",
    "median_seconds_to_notice_decision": "1.3",
    "notices_decided_by_means": "1.3",
    "notices_decided_late": "1.3",
    "automated_restrictions_by_category": "1.4",
    "content_rulings": "1.4",
    "account_measures": "1.4",
    INDICATOR: "1.4",
    "notice_appeals_received": "1.5",
    "notice_appeals_decided": "1.5",
    "notice_rulings_reversed": "1.5",
    "reporters_suspended": "1.5",
    "appeals_received": "1.5",
    "appeals_decided": "1.5",
    "median_seconds_to_appeal_decision": "1.5",
    "automated_decisions": "1.6",
    "automated_decisions_overturned": "1.6",
    "monthly_authors": "1.8",
}
_OF_NOTICES = "1.3"  # what was done about what others notified


def section_of(indicator: str, group: str) -> str:
    """Return the section of a number; of decisions, by what led to them."""
    if indicator == INDICATOR and "SOURCE_VOLUNTARY" not in group.split():
        return _OF_NOTICES
    return SECTIONS.get(indicator, "")


def fields_of(indicator: str, group: str) -> list[str]:
    """Return the values of `FIELDS` of a number."""
    if indicator == INDICATOR:
        return ["" if each == NOTHING else each for each in group.split()]
    # The groups of several numbers begin with a category of ours.
    return [CATEGORIES.get(group.partition(" ")[0], ""), *[""] * (len(FIELDS) - 1)]


def _category(code: str) -> str:
    whens = " ".join(f"WHEN '{ours}' THEN '{theirs}'" for ours, theirs in CATEGORIES.items())
    return f"CASE {code} {whens} ELSE '{OTHER}' END"


def _source(case_id: str, at: str) -> str:
    """Return what led to a decision: the first source of its case, if it has one."""
    return (
        f"CASE WHEN EXISTS (SELECT FROM enforcement_notice AS notice"  # noqa: S608
        f" WHERE notice.case_id = {case_id} AND notice.confirmed_at <= {at})"
        " THEN 'SOURCE_ARTICLE_16'"
        f" WHEN EXISTS (SELECT FROM enforcement_report AS report"
        f" WHERE report.case_id = {case_id} AND report.created_at <= {at})"
        " THEN 'SOURCE_TYPE_OTHER_NOTIFICATION' ELSE 'SOURCE_VOLUNTARY' END"
    )


def _within(column: str) -> str:
    return f"{column} >= %(since)s AND {column} < %(until)s"


_HIGHEST = (
    "(SELECT key FROM jsonb_each_text(line.categories)"
    " ORDER BY value::double precision DESC, key LIMIT 1)"
)
_BY_MACHINE = (
    f"SELECT {_category(f'''coalesce(line.basis->>'category', {_HIGHEST})''')} AS category,"  # noqa: S608
    " CASE line.verdict WHEN 'BLOCK' THEN 'DECISION_VISIBILITY_CONTENT_REMOVED'"
    " ELSE 'DECISION_VISIBILITY_CONTENT_DISABLED' END AS visibility,"
    f" '{NOTHING}' AS provision, '{NOTHING}' AS account, 'SOURCE_VOLUNTARY' AS source,"
    " 'Yes' AS detection, 'AUTOMATED_DECISION_FULLY' AS decision"
    " FROM moderation_moderationlog AS line"
    f" WHERE {_within('line.created_at')} AND line.actor_id IS NULL"
    " AND line.verdict IN ('HOLD', 'BLOCK')"
)
_DETECTED = "CASE WHEN record.origin IN ('hold', 'flag') THEN 'Yes' ELSE 'No' END"
_BY_RULING = (
    f"SELECT {_category('ruling.reason')}, 'DECISION_VISIBILITY_CONTENT_REMOVED',"  # noqa: S608
    f" '{NOTHING}', '{NOTHING}', {_source('ruling.case_id', 'ruling.created_at')}, {_DETECTED},"
    " 'AUTOMATED_DECISION_NOT_AUTOMATED' FROM enforcement_ruling AS ruling"
    " JOIN moderation_case AS record ON record.id = ruling.case_id"
    f" WHERE {_within('ruling.created_at')} AND ruling.content = 'remove' AND {NOT_UNDONE}"
)
_BY_PURGE = (
    f"SELECT {_category('purge.reason')}, 'DECISION_VISIBILITY_CONTENT_REMOVED',"  # noqa: S608
    f" '{NOTHING}', '{NOTHING}', 'SOURCE_VOLUNTARY', 'No', 'AUTOMATED_DECISION_NOT_AUTOMATED'"
    " FROM enforcement_purgedmessage AS purged"
    " JOIN enforcement_purge AS purge ON purge.id = purged.purge_id"
    f" WHERE {_within('purged.created_at')}"
)
# Of the decision as it was made: a later change of the end changes no report of the past.
_FIRST_END = (
    "CASE WHEN sanction.end_changed_at IS NULL THEN sanction.ends_at"
    " ELSE sanction.first_ends_at END"
)
_TERM = f"CASE WHEN ({_FIRST_END}) IS NULL THEN '{{ends}}' ELSE '{{pauses}}' END"
_IS_ACCOUNT = "sanction.kind = 'ban' AND sanction.scope_id IS NULL"
_PROVISION = _TERM.format(
    ends="DECISION_PROVISION_PARTIAL_TERMINATION", pauses="DECISION_PROVISION_PARTIAL_SUSPENSION"
)
_ACCOUNT = _TERM.format(ends="DECISION_ACCOUNT_TERMINATED", pauses="DECISION_ACCOUNT_SUSPENDED")
_IS_AUTOMATIC = "(sanction.verdict_id IS NOT NULL OR sanction.threshold IS NOT NULL)"
_BY_SANCTION = (
    f"SELECT {_category('sanction.reason')}, '{NOTHING}',"  # noqa: S608
    f" CASE WHEN {_IS_ACCOUNT} THEN '{NOTHING}' ELSE {_PROVISION} END,"
    f" CASE WHEN {_IS_ACCOUNT} THEN {_ACCOUNT} ELSE '{NOTHING}' END,"
    f" {_source('ruling.case_id', 'sanction.created_at')},"
    f" CASE WHEN {_IS_AUTOMATIC} THEN 'Yes' ELSE {_DETECTED} END,"
    f" CASE WHEN {_IS_AUTOMATIC} THEN 'AUTOMATED_DECISION_FULLY'"
    " ELSE 'AUTOMATED_DECISION_NOT_AUTOMATED' END"
    " FROM enforcement_sanction AS sanction"
    " LEFT JOIN enforcement_ruling AS ruling ON ruling.id = sanction.ruling_id"
    " LEFT JOIN moderation_case AS record ON record.id = ruling.case_id"
    f" WHERE {_within('sanction.created_at')} AND sanction.kind IN ('ban', 'mute', 'slow')"
    f" AND (ruling.id IS NULL OR {NOT_UNDONE})"
)
STATEMENTS = Figure(
    INDICATOR,
    "Decisões que restringem",
    "SELECT concat_ws(' ', category, visibility, provision, account, source, detection, decision),"  # noqa: S608
    f" count(*) FROM ({_BY_MACHINE} UNION ALL {_BY_RULING} UNION ALL {_BY_PURGE}"
    f" UNION ALL {_BY_SANCTION}) AS statement GROUP BY 1 ORDER BY 1",
)
