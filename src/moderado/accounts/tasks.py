"""Celery tasks of the accounts context. Each calls one service."""

from celery import shared_task

from moderado.accounts.services import sessions


@shared_task
def forget_sessions() -> None:
    """Delete expired sessions."""
    sessions.forget_expired()
