"""The words for people of the actions in the audit of staff."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.core.admin import ACTIONS

AUDIT_ACTIONS: Mapping[str, Promise] = {
    "account_erased": _("account erased"),
    "account_kept": _("account closed; a legal hold keeps its data"),
    "api_key_created": _("API key created"),
    "api_key_revoked": _("API key revoked"),
    "appeal_decided": _("appeal decided"),
    "bulk_reversal_started": _("reversal of a ruling in bulk started"),
    "bulk_reversed": _("ruling in bulk reversed"),
    "bulk_started": _("ruling in bulk started"),
    "case_escalated": _("case handed over to the server"),
    "case_note_written": _("note written on a case"),
    "case_read": _("case read"),
    "case_released": _("case released"),
    "case_snoozed": _("case put off"),
    "dataset_exported": _("data set exported"),
    "erasure_ordered": _("erasure of an account ordered"),
    "evaluation_cancelled": _("evaluation cancelled"),
    "evaluation_requested": _("evaluation started"),
    "evidence_made": _("evidence package made"),
    "hold_added": _("legal hold added"),
    "hold_released": _("legal hold released"),
    "holds_listed": _("legal holds listed"),
    "invitation_created": _("invitation created"),
    "invitation_revoked": _("invitation revoked"),
    "log_read": _("line of the log read"),
    "message_deleted": _("message removed"),
    "message_purged": _("message removed by a purge"),
    "message_restored": _("message brought back"),
    "newcomers_wait": _("new people wait before they write in a room"),
    "newcomers_wait_ended": _("new people no longer wait in a room"),
    "policy_assigned": _("policy assigned"),
    "policy_deleted": _("policy deleted"),
    "policy_enabled": _("version of a policy enabled"),
    "policy_rolled_back": _("policy rolled back"),
    "policy_saved": _("version of a policy saved"),
    "policy_shadowed": _("shadow of a policy chosen"),
    "policy_unassigned": _("policy no longer assigned"),
    "purge_done": _("purge carried out"),
    "purge_reversal_started": _("reversal of a purge started"),
    "purge_reversed": _("purge reversed"),
    "purge_started": _("purge started"),
    "purge_stopped": _("purge stopped"),
    "queue_changed": _("queue changed"),
    "queue_created": _("queue created"),
    "queue_deleted": _("queue deleted"),
    "records_extracted": _("access records extracted"),
    "records_kept": _("access records kept by legal holds"),
    "reporting_suspended": _("suspended from reporting"),
    "restricted_case_seen": _("restricted case seen"),
    "room_frozen": _("room made read-only"),
    "room_frozen_ended": _("room no longer read-only"),
    "ruling_made": _("ruling made"),
    "ruling_reversed": _("ruling reversed"),
    "ruling_undone": _("ruling undone"),
    "sanction_applied": _("sanction imposed"),
    "sanction_end_changed": _("end of a sanction changed"),
    "sanction_lifted": _("sanction lifted"),
    "second_factor_confirmed": _("second factor confirmed"),
    "slow_mode": _("slow mode set in a room"),
    "slow_mode_ended": _("slow mode ended in a room"),
    "suspension_lifted": _("suspension of reporting lifted"),
    "text_banked": _("text added to the bank"),
    "text_unbanked": _("text removed from the bank"),
    "admin_add": _("added in the admin"),
    "admin_change": _("changed in the admin"),
    "admin_delete": _("deleted in the admin"),
    "admin_listed": _("list read in the admin"),
    "admin_read": _("read in the admin"),
}


def audit_label(action: str) -> str:
    """Return the words for an action of the audit in the active language.

    An action of the admin without a service is named as its button is. An unknown code stays.
    """
    named = AUDIT_ACTIONS.get(action) or ACTIONS.get(action.removeprefix("admin_"))
    return str(named or action)
