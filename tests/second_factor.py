"""The proof of a second factor in tests."""

from moderado.accounts.selectors import sessions_of
from moderado.accounts.services.second_factor import confirm_second_factor


def confirm_all(*, actor_id, user_id):
    """Store the proof for all sessions of an account."""
    for session in sessions_of(user_id):
        confirm_second_factor(actor_id=actor_id, session_id=session.pk)
