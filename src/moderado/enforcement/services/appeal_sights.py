"""Informs moderators of appeals that leave or enter their list when a case changes.

A case decides who sees the appeals about it, and a restricted case those about its subject. The
handlers run in the transaction of the change. They publish what decided before; what decides now
is read when moderators are informed.
"""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from moderado.core.database import require_transaction
from moderado.core.events import publish
from moderado.enforcement.events import AppealChange, AppealsChanged, AppealTraits
from moderado.enforcement.models import Appeal
from moderado.enforcement.selectors.restricted import is_restricted_appeal
from moderado.enforcement.types import AppealState
from moderado.moderation.events import (
    CaseChange,
    CaseDecided,
    CasesChanged,
    CaseStep,
    SubjectsChanging,
)
from moderado.moderation.models import Case
from moderado.moderation.restricted_cases import (
    RESTRICTED,
    has_restricted_case,
    restricted_cases,
)


def on_cases_changed(event: CasesChanged) -> None:
    """Publish the open appeals whose case is in another queue, or that a new restriction concerns.

    Requires a transaction.
    """
    require_transaction()
    changes = [each for each in event.changes if each.party_id is None]
    moved = {each.case_id: each.was for each in changes if each.was is not None}
    restricted = _newly_restricted(changes)
    if not moved and not restricted:
        return
    about = _about({(case.subject_type, case.subject_id) for case in restricted})
    for column in ("case", "appealed__case"):
        about |= Q(**{f"{column}__in": list(moved)})
    found = []
    ignoring = [case.pk for case in restricted]
    for appeal_id, scope_id, is_restricted, *case_ids in _open(about, ignoring):
        was_in = next((each for each in case_ids if each in moved), None)
        traits = None if was_in is None else moved[was_in]
        was = AppealTraits(is_restricted=is_restricted, case_id=was_in, traits=traits)
        found.append(AppealChange(appeal_id=appeal_id, scope_id=scope_id, was=was))
    _publish(found)


def before_case_decided(event: CaseDecided) -> None:
    """Publish the open appeals about a subject with a restricted case, before it is shown or not.

    Requires a transaction.
    """
    require_transaction()
    publish_seen(Q(subject_type=event.subject_type, subject_id=event.subject_id))


def before_subjects_change(event: SubjectsChanging) -> None:
    """Publish the open appeals about subjects with a restricted case, before they change.

    Requires a transaction.
    """
    require_transaction()
    publish_seen(Q(subject_type=event.subject_type, subject_id__in=event.subject_ids))


def publish_seen(about: Q) -> None:
    """Publish which of these open appeals others see now, if their subject has a restricted case.

    Others see them as long as others see the subject: call it before that may change, and before
    the appeals are decided. Requires a transaction.
    """
    require_transaction()
    _publish(
        AppealChange(
            appeal_id=appeal_id, scope_id=scope_id, was=AppealTraits(is_restricted=is_restricted)
        )
        for appeal_id, scope_id, is_restricted, *_ in _open(about & Q(has_restricted_case()), ())
    )


def _newly_restricted(changes: Iterable[CaseChange]) -> Collection[Case]:
    """Return the cases that these changes have opened as restricted ones, or made restricted."""
    opened = [each for each in changes if each.step is CaseStep.OPENED and each.is_restricted]
    new = Q(pk__in=[each.case_id for each in opened if each.was is None], version=1)
    joined = Q(
        pk__in=[
            each.case_id
            for each in opened
            if each.was is not None and RESTRICTED.isdisjoint(each.was.categories)
        ]
    )
    return list(restricted_cases().filter(new | joined)) if opened else []


def _about(subjects: Iterable[tuple[str, UUID]]) -> Q:
    found = Q(pk__in=[])
    for subject_type, subject_id in subjects:
        found |= Q(subject_type=subject_type, subject_id=subject_id)
    return found


def _open(about: Q, ignoring: Collection[UUID]) -> Iterable[Any]:
    found = Appeal.objects.filter(about, state=AppealState.OPEN)
    flagged = found.annotate(was_restricted=is_restricted_appeal(ignoring=ignoring))
    columns = ("id", "scope_id", "was_restricted", "case_id", "appealed__case_id")
    return flagged.order_by("id").values_list(*columns)


def _publish(changes: Iterable[AppealChange]) -> None:
    if found := tuple(changes):
        publish(AppealsChanged(changes=found))
