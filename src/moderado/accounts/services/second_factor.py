"""Records that the owner of a session has proved a second factor.

An identity provider, a proxy, or an operator who knows the person checks the proof itself. It
counts until the session ends (ADR 0085).
"""

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models.functions import Now

from moderado.accounts import selectors
from moderado.accounts.models import Session
from moderado.core.errors import NotFound
from moderado.core.events import publish
from moderado.core.staff_actions import StaffActed

log = structlog.get_logger(__name__)


@transaction.atomic
def confirm_second_factor(*, actor_id: UUID | None, session_id: UUID) -> Session:
    """Store that a second factor was proved in a session. A repeat changes nothing.

    This is the hook for a check of second factors.

    Args:
        actor_id: Who vouches for it: the owner after a check, or None for the command line.
        session_id: The session.

    Raises:
        NotFound: There is no such valid session.
    """
    session = selectors.open_sessions().filter(pk=session_id).first()
    if session is None:
        raise NotFound
    if Session.objects.filter(pk=session_id, second_factor_at=None).update(second_factor_at=Now()):
        publish(
            StaffActed(
                actor_id=actor_id,
                action="second_factor_confirmed",
                subject_type="session",
                subject_id=session_id,
                details={"user": str(session.user_id)},
            )
        )
        log.info("second_factor_confirmed", session_id=str(session_id), user_id=session.user_id)
        session.refresh_from_db()
    return session
