"""Tables of moderation. Rows refer to their subject by id and outlive it."""

from moderado.moderation.models.bank import BankedText as BankedText
from moderado.moderation.models.bank import BankVersion as BankVersion
from moderado.moderation.models.calls import ProviderBudget as ProviderBudget
from moderado.moderation.models.calls import ProviderCall as ProviderCall
from moderado.moderation.models.calls import ProviderHealth as ProviderHealth
from moderado.moderation.models.cases import BlockedText as BlockedText
from moderado.moderation.models.cases import Case as Case
from moderado.moderation.models.evaluations import Evaluation as Evaluation
from moderado.moderation.models.log import ModerationLog as ModerationLog
from moderado.moderation.models.policies import Policy as Policy
from moderado.moderation.models.policies import PolicyAssignment as PolicyAssignment
from moderado.moderation.models.policies import PolicyChange as PolicyChange
from moderado.moderation.models.policies import PolicyVersion as PolicyVersion
from moderado.moderation.models.shadows import ShadowProgress as ShadowProgress
from moderado.moderation.models.shadows import ShadowResult as ShadowResult
from moderado.moderation.models.subjects import SubjectRevision as SubjectRevision
from moderado.moderation.models.suggestions import SuggestedScore as SuggestedScore
from moderado.moderation.models.texts import CaseCommitment as CaseCommitment
from moderado.moderation.models.texts import ErasableText as ErasableText
from moderado.moderation.models.texts import LogSeal as LogSeal
