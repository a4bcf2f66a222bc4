"""The words for people of states and outcomes of enforcement."""

from django.utils.translation import gettext_lazy as _

from moderado.enforcement.types import (
    AppealOutcome,
    AppealState,
    DecisionType,
    MailKind,
    NoticeOutcome,
    NoticeRole,
    NoticeState,
    ReportOutcome,
    ReportState,
)
from moderado.moderation.categories import CATEGORY_NAMES

OTHER = "other"  # a reporter whose reason is none of the categories explains it in the comment

REPORT_CATEGORIES = [
    *((category.value, name) for category, name in CATEGORY_NAMES.items()),
    (OTHER, _("something else")),
]
CATEGORY_CODES = [category.value for category in CATEGORY_NAMES]
REPORT_CATEGORY_CODES = [code for code, _name in REPORT_CATEGORIES]
REPORT_STATES = [
    (ReportState.OPEN.value, _("open")),
    (ReportState.DECIDED.value, _("decided")),
    (ReportState.CLOSED.value, _("closed without a decision")),
]
REPORT_OUTCOMES = [
    (ReportOutcome.ACTION.value, _("action was taken")),
    (ReportOutcome.NO_ACTION.value, _("no action was needed")),
]
DECISION_TYPES = [
    (DecisionType.RULING.value, _("decision of a moderator")),
    (DecisionType.VERDICT.value, _("automatic verdict")),
    (DecisionType.SANCTION.value, _("sanction")),
    (DecisionType.SUSPENSION.value, _("suspension of reporting")),
    (DecisionType.PURGE.value, _("removal of the latest messages")),
    (DecisionType.REPORT.value, _("report without action")),
]
APPEAL_STATES = [
    (AppealState.OPEN.value, _("open")),
    (AppealState.DECIDED.value, _("decided")),
]
APPEAL_OUTCOMES = [
    (AppealOutcome.UPHELD.value, _("upheld")),
    (AppealOutcome.OVERTURNED.value, _("overturned")),
    (AppealOutcome.ENDED.value, _("ended with its subject")),
]
NOTICE_ROLES = [
    (NoticeRole.VICTIM.value, _("victim")),
    (NoticeRole.REPRESENTATIVE.value, _("representative of the victim")),
    (NoticeRole.PROSECUTOR.value, _("public prosecutor")),
    (NoticeRole.CHILD_PROTECTION.value, _("child-protection entity")),
    (NoticeRole.OTHER.value, _("other")),
]
NOTICE_ROLE_CODES = [code for code, _name in NOTICE_ROLES]
NOTICE_STATES = [
    (NoticeState.UNCONFIRMED.value, _("waits for the code from the e-mail")),
    (NoticeState.OPEN.value, _("under review")),
    (NoticeState.DECIDED.value, _("decided")),
]
NOTICE_OUTCOMES = [
    (NoticeOutcome.ACTION.value, _("action was taken")),
    (NoticeOutcome.NO_ACTION.value, _("no action was needed")),
    (NoticeOutcome.UNAVAILABLE.value, _("the content is not, or no longer, available")),
]
MAIL_KINDS = [
    (MailKind.CODE.value, _("code")),
    (MailKind.RECEIPT.value, _("receipt")),
    (MailKind.OUTCOME.value, _("outcome")),
]

# The queues that every server begins with: their names are codes.
QUEUES = {
    "child_safety": _("Child safety"),
    "appeals": _("Appeals"),
    "reports": _("Reports"),
    "held": _("Held texts"),
    "flagged": _("Flagged texts"),
}


def queue_label(name: str) -> str:
    """Return the name of a queue for people, in the active language."""
    return str(QUEUES.get(name, name))
