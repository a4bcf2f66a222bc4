"""The audit of staff, for those who may read it."""

from uuid import UUID

from django.db.models import QuerySet

from moderado.enforcement.models import AuditLine
from moderado.enforcement.selectors.restricted import unrestricted_audit


def audit_lines(
    *,
    actor_id: UUID | None = None,
    action: str | None = None,
    subject_type: str | None = None,
    subject_id: UUID | None = None,
    sees_restricted: bool = False,
) -> QuerySet[AuditLine]:
    """Return the lines with who acted. None does not filter.

    Args:
        actor_id: Of this person only.
        action: With this code only.
        subject_type: About this kind of subject only.
        subject_id: About this subject only.
        sees_restricted: With those about cases of danger to children.
    """
    wanted = {
        "actor": actor_id,
        "action": action,
        "subject_type": subject_type,
        "subject_id": subject_id,
    }
    found = AuditLine.objects.select_related("actor")
    if not sees_restricted:
        found = unrestricted_audit(found)
    return found.filter(**{name: value for name, value in wanted.items() if value is not None})
