"""Moderators who lose a right: their claims on cases end in the same transaction."""

from collections.abc import Iterable
from uuid import UUID

from moderado.accounts.events import AccountDeactivated, StaffRightsChanged
from moderado.accounts.models import User
from moderado.accounts.rights import DECIDE_CASE, VIEW_RESTRICTED_CASE, is_entitled
from moderado.chat.selectors.rooms import moderated_rooms
from moderado.chat.services.succession import is_active
from moderado.moderation.services.claims import release_claims, release_restricted_claims


def end_claims_without_right(user_ids: Iterable[UUID]) -> None:
    """End the claims of these users on cases that they may no longer decide."""
    for user in User.objects.filter(pk__in=user_ids):
        is_present = is_active(user)
        if not (is_present and is_entitled(user, DECIDE_CASE)):
            kept = moderated_rooms(user.pk) if is_present else ()
            release_claims(user_id=user.pk, kept_scope_ids=kept)
        if not is_entitled(user, VIEW_RESTRICTED_CASE):
            release_restricted_claims(user_id=user.pk)


def on_account_deactivated(event: AccountDeactivated) -> None:
    end_claims_without_right([event.user_id])


def on_staff_rights_changed(event: StaffRightsChanged) -> None:
    end_claims_without_right(event.user_ids)
