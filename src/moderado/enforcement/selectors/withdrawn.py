"""Accounts that cannot act, or will not for long."""

from collections.abc import Collection
from uuid import UUID

from moderado.enforcement.models import Erasure
from moderado.enforcement.selectors.restrictions import server_bans


def withdrawn_accounts(user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of `user_ids` who are banned from the server or have asked to be erased."""
    erasures = Erasure.objects.exclude(state=Erasure.State.CANCELLED)
    return {
        user_id
        for accounts in (erasures, server_bans())
        for user_id in accounts.filter(user__in=user_ids).values_list("user_id", flat=True)
    }
