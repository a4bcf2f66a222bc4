"""Documents that people write in files and forms: check them, and save them under their names."""

from uuid import UUID

from moderado.moderation.errors import PolicyExists
from moderado.moderation.models import Policy
from moderado.moderation.policies.schema import PolicyDocument
from moderado.moderation.services.policies import (
    Saved,
    check_continues,
    create_policy,
    parent_of,
    save_version,
)
from moderado.moderation.services.policy_lookup import compiled_documents


def check_document(document: PolicyDocument) -> None:
    """Check that a document could be saved.

    Raises:
        PolicyExists: Its name is that of a deleted policy.
        InvalidPolicy: It extends another policy than before or one that does not exist, or its
            rules cannot be compiled.
    """
    policy = Policy.objects.select_related("extends").filter(name=document.name).first()
    if policy is None:
        parent_of(document)
    elif policy.deleted_at is not None:
        raise PolicyExists
    else:
        check_continues(policy, document)
    compiled_documents([document])


def save_document(
    *,
    actor_id: UUID | None,
    document: PolicyDocument,
    reason: str = "",
    client_id: str | None = None,
) -> Saved:
    """Save a version of the policy that the document names, or the first one of a new policy.

    It is not enabled. A repeat, which has the same `client_id`, returns the first version.

    Raises:
        Conflict: `client_id` was used for another document or reason.
        PolicyExists, InvalidPolicy: As `check_document`.
    """
    if not Policy.objects.filter(name=document.name, deleted_at=None).exists():
        return create_policy(
            actor_id=actor_id, document=document, reason=reason, client_id=client_id
        )
    return save_version(
        actor_id=actor_id,
        name=document.name,
        document=document,
        reason=reason,
        client_id=client_id,
    )
