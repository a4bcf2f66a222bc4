"""What people do about content and about each other."""

from moderado.enforcement.models.access import AccessRecord as AccessRecord
from moderado.enforcement.models.access import AccessSeal as AccessSeal
from moderado.enforcement.models.appeals import Appeal as Appeal
from moderado.enforcement.models.audit import AuditLine as AuditLine
from moderado.enforcement.models.backfills import Backfill as Backfill
from moderado.enforcement.models.blocks import PersonBlock as PersonBlock
from moderado.enforcement.models.bulk import BulkRuling as BulkRuling
from moderado.enforcement.models.cases import CaseExclusion as CaseExclusion
from moderado.enforcement.models.cases import CaseNote as CaseNote
from moderado.enforcement.models.cases import Queue as Queue
from moderado.enforcement.models.erasures import Erasure as Erasure
from moderado.enforcement.models.exports import Export as Export
from moderado.enforcement.models.exports import ExportPart as ExportPart
from moderado.enforcement.models.holds import LegalHold as LegalHold
from moderado.enforcement.models.notices import Notice as Notice
from moderado.enforcement.models.notices import NoticeMail as NoticeMail
from moderado.enforcement.models.person_changes import PersonChange as PersonChange
from moderado.enforcement.models.purges import Purge as Purge
from moderado.enforcement.models.purges import PurgedMessage as PurgedMessage
from moderado.enforcement.models.reports import Report as Report
from moderado.enforcement.models.reports import ReportingSuspension as ReportingSuspension
from moderado.enforcement.models.retention import RetentionRun as RetentionRun
from moderado.enforcement.models.rulings import Ruling as Ruling
from moderado.enforcement.models.sanctions import PendingStrike as PendingStrike
from moderado.enforcement.models.sanctions import Sanction as Sanction
from moderado.enforcement.models.strike_rules import StrikeRules as StrikeRules
