"""The words for people of states and outcomes of enforcement."""

from django.utils.translation import gettext_lazy as _

from moderado.enforcement.types import ReportOutcome, ReportState
from moderado.moderation.categories import CATEGORY_NAMES

OTHER = "other"  # a reporter whose reason is none of the categories explains it in the comment

REPORT_CATEGORIES = [
    *((category.value, name) for category, name in CATEGORY_NAMES.items()),
    (OTHER, _("something else")),
]
REPORT_STATES = [
    (ReportState.OPEN.value, _("open")),
    (ReportState.DECIDED.value, _("decided")),
    (ReportState.CLOSED.value, _("closed without a decision")),
]
REPORT_OUTCOMES = [
    (ReportOutcome.ACTION.value, _("action was taken")),
    (ReportOutcome.NO_ACTION.value, _("no action was needed")),
]
