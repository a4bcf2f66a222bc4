"""Steps on the pages of the administration."""

from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse


def act(client: Client, action: str, *rows: Model) -> HttpResponse:
    """Choose rows in the list of their model, and an action for them."""
    names = rows[0]._meta
    return client.post(
        reverse(f"admin:{names.app_label}_{names.model_name}_changelist"),
        {"action": action, "_selected_action": [str(row.pk) for row in rows]},
        follow=True,
    )
