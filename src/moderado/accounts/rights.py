"""Rights of staff: Django permissions. `is_staff` alone opens the admin's front page, nothing else.

The server's staff act in every room. Roles in rooms are the business of `chat`. Whether staff have
proved a second factor is checked here alone, for the API, sockets and the admin (ADR 0085).
"""

from collections.abc import Collection
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import Q

from moderado.accounts.errors import SecondFactorRequired
from moderado.accounts.models import Session, User
from moderado.core.database import run_prepared

VIEW_CASE = "moderation.view_case"
CLAIM_CASE = "moderation.claim_case"
DECIDE_CASE = "moderation.decide_case"
VIEW_RESTRICTED_CASE = "moderation.view_restricted_case"
MAKE_EVIDENCE = "enforcement.make_evidence"
VIEW_BANKED_TEXT = "moderation.view_bankedtext"
ADD_BANKED_TEXT = "moderation.add_bankedtext"
DELETE_BANKED_TEXT = "moderation.delete_bankedtext"
REVERSE_RULING = "enforcement.reverse_ruling"
BULK_RULE = "enforcement.bulk_rule"
PURGE_MESSAGES = "enforcement.purge_messages"
ADD_QUEUE = "enforcement.add_queue"
CHANGE_QUEUE = "enforcement.change_queue"
DELETE_QUEUE = "enforcement.delete_queue"
VIEW_LOG = "moderation.view_moderationlog"
VIEW_POLICY = "moderation.view_policy"
ADD_POLICY = "moderation.add_policy"
ENABLE_POLICY = "moderation.enable_policy"
DELETE_POLICY = "moderation.delete_policy"
VIEW_EVALUATION = "moderation.view_evaluation"
ADD_EVALUATION = "moderation.add_evaluation"
VIEW_SANCTION = "enforcement.view_sanction"
ADD_SANCTION = "enforcement.add_sanction"
LIFT_SANCTION = "enforcement.lift_sanction"
SUSPEND_REPORTING = "enforcement.suspend_reporting"
VIEW_AUDIT = "enforcement.view_auditline"
ADD_HOLD = "enforcement.add_legalhold"
RELEASE_HOLD = "enforcement.release_legalhold"
VIEW_NOTIFIER = "enforcement.view_notifier"
VIEW_APPEAL = "enforcement.view_appeal"
DECIDE_APPEAL = "enforcement.decide_appeal"
VIEW_MESSAGE = "chat.view_message"
VIEW_USER = "accounts.view_user"
VIEW_INVITATION = "accounts.view_invitation"
ADD_INVITATION = "accounts.add_invitation"
DELETE_INVITATION = "accounts.delete_invitation"

# Without these a permission permits nothing, in the API, the admin and sockets alike (ADR 0115).
# An act answers with what it is about: who may not see that may not act on it, either. Records of
# the admin have texts that the API shows with the permissions that stand beside them here.
NEEDS = {
    CLAIM_CASE: (VIEW_CASE,),
    DECIDE_CASE: (VIEW_CASE,),
    REVERSE_RULING: (VIEW_CASE,),
    BULK_RULE: (VIEW_CASE,),
    MAKE_EVIDENCE: (VIEW_CASE,),
    LIFT_SANCTION: (VIEW_SANCTION,),
    DECIDE_APPEAL: (VIEW_APPEAL,),
    ADD_POLICY: (VIEW_POLICY,),
    ENABLE_POLICY: (VIEW_POLICY,),
    DELETE_POLICY: (VIEW_POLICY,),
    ADD_EVALUATION: (VIEW_EVALUATION,),
    DELETE_BANKED_TEXT: (VIEW_BANKED_TEXT,),
    DELETE_INVITATION: (VIEW_INVITATION,),
    RELEASE_HOLD: ("enforcement.view_legalhold",),
    "accounts.change_user": (VIEW_USER,),
    "accounts.change_session": ("accounts.view_session",),
    "accounts.delete_apikey": ("accounts.view_apikey",),
    "chat.change_room": ("chat.view_room",),
    "chat.change_membership": ("chat.view_membership",),
    "chat.view_revision": (VIEW_MESSAGE,),
    "enforcement.view_ruling": (VIEW_CASE,),
    "enforcement.view_bulkruling": (VIEW_CASE,),
    "enforcement.view_report": (VIEW_CASE,),
    "enforcement.view_notice": (VIEW_CASE,),
    "moderation.view_subjectrevision": (VIEW_CASE,),
    "moderation.view_providercall": (VIEW_LOG,),
    "moderation.view_shadowresult": (VIEW_LOG,),
    "moderation.view_policyversion": (VIEW_POLICY,),
    "moderation.view_policyassignment": (VIEW_POLICY,),
    "moderation.view_policychange": (VIEW_POLICY,),
    "moderation.delete_suggestedscore": ("moderation.view_suggestedscore",),
}


def with_needs(permission: str) -> set[str]:
    """Return the permission and those without which it permits nothing."""
    found = {permission}
    for needed in NEEDS.get(permission, ()):
        found |= with_needs(needed)
    return found


def is_entitled(user: User, permission: str) -> bool:
    """Tell whether `user` is active staff with this permission, whatever session they act by."""
    return user.is_active and user.is_staff and user.has_perm(permission)


def staff_may(user: User, permission: str) -> bool:
    """Tell whether the account of a request may act as staff with this permission now."""
    return is_entitled(user, permission) and has_second_factor(user)


def has_second_factor(user: User) -> bool:
    """Tell whether the session of a request has proved what `STAFF_SECOND_FACTOR` demands."""
    return settings.STAFF_SECOND_FACTOR == "off" or user.second_factor_at is not None


def acts_as_staff(user: User, permission: str) -> bool:
    """Tell whether the account of a request acts as staff with this permission.

    Raises:
        SecondFactorRequired: It would, but its session has proved no second factor.
    """
    if not is_entitled(user, permission):
        return False
    if not has_second_factor(user):
        raise SecondFactorRequired
    return True


def may_manage(actor: User, account: User) -> bool:
    """Tell whether `actor` may change, deactivate or sign out `account`.

    Who changes an e-mail address or a password can sign in to the account. Only superusers may do
    that to superusers; other staff only to accounts without rights that they lack themselves. The
    rights of an inactive account count: it can be activated again.
    """
    if actor.is_superuser or actor.pk == account.pk:
        return True
    return not account.is_superuser and _granted(account) <= actor.get_all_permissions()


def _granted(account: User) -> set[str]:
    granted = Permission.objects.filter(Q(user=account) | Q(group__user=account))
    return {
        f"{app}.{codename}"
        for app, codename in granted.values_list("content_type__app_label", "codename")
    }


def staff_with(permission: str) -> set[UUID]:
    """Return the accounts that are active staff with this permission."""
    return {user_id for (user_id,) in run_prepared(*_entitled(permission))}


@cache
def _entitled(permission: str) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that finds these accounts: composing it takes longer than running it."""
    entitled = ModelBackend().with_perm(permission).filter(is_staff=True)
    statement, values = entitled.values_list("id").query.sql_with_params()
    return statement, tuple(values)


def sessions_with_second_factor(session_ids: Collection[UUID]) -> frozenset[UUID] | None:
    """Return those of the sessions that have proved a second factor. None: none has to."""
    if settings.STAFF_SECOND_FACTOR == "off":
        return None
    proved = Session.objects.filter(pk__in=session_ids, second_factor_at__isnull=False)
    return frozenset(proved.values_list("pk", flat=True))
