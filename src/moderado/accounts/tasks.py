"""Celery's door into accounts: nothing in, one service call out."""

from celery import shared_task

from moderado.accounts.services import sessions


@shared_task
def forget_sessions() -> None:
    """Delete the sessions whose time is over."""
    sessions.forget_expired()
