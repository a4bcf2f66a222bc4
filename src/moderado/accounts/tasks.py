"""Celery tasks of the accounts context. Each calls one service."""

from celery import shared_task

from moderado.accounts.services import sessions


@shared_task
def delete_expired_sessions() -> None:
    """Delete expired sessions."""
    sessions.delete_expired()
