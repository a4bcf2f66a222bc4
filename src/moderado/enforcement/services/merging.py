"""Two cases of one revision become one when the ruling on the earlier one is undone."""

from moderado.core.database import require_transaction
from moderado.enforcement.models import Appeal, CaseExclusion, CaseNote, Notice, Report
from moderado.enforcement.services.fairness import exclude_from_case
from moderado.moderation.models import Case
from moderado.moderation.services.closing import merge_case


def take_over_later_case(case: Case) -> None:
    """Move all that points at the open case of the same revision to `case`, if there is one.

    Something may have pointed at the subject after the ruling: then it has another, open case.

    Requires a transaction that holds the locks of the subject and of the case.
    """
    require_transaction()
    same = Case.objects.filter(
        subject_type=case.subject_type, subject_id=case.subject_id, revision=case.revision
    )
    later = same.filter(state=Case.State.OPEN).select_for_update(of=("self",), no_key=True).first()
    if later is None:
        return
    for rows in (Report, Appeal, Notice, CaseNote):
        rows._default_manager.filter(case=later).update(case=case)  # noqa: SLF001  (documented)
    for each in CaseExclusion.objects.filter(case=later):
        reason = CaseExclusion.Reason(each.reason)
        exclude_from_case(case=case, user_id=each.user_id, reason=reason)
    merge_case(case=later, into=case)
