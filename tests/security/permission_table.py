"""Which permissions open which routes to staff.

A row is (permissions, what they open). All of its permissions are needed, and no other one opens
it. The names in braces are those of `access_table`.
"""

ROUTES: dict[str, tuple[str, ...]] = {
    "view_case": (
        "GET moderation/cases/",
        "GET moderation/cases/{case}/",
        "GET moderation/cases/{own_case}/",
        "GET enforcement/queues/",
        "GET enforcement/cases/",
        "GET enforcement/cases/{case}/",
        "GET enforcement/cases/{own_case}/",
        "GET enforcement/rulings/",
        "GET enforcement/reports/",
        "GET enforcement/notices/",
    ),
    "view_case claim_case": (
        "POST moderation/cases/{case}/claim/",
        "POST moderation/cases/{own_case}/claim/",
        "POST enforcement/cases/{case}/claim/",
        "POST enforcement/cases/{own_case}/claim/",
        "POST enforcement/cases/{case}/release/",
        "POST enforcement/cases/{case}/snooze/",
        "POST enforcement/cases/{case}/escalate/",
        "POST enforcement/cases/{case}/notes/",
    ),
    "view_case decide_case": (
        "GET enforcement/note-presets/",
        "POST moderation/cases/{case}/ruling/",
        "POST moderation/cases/{own_case}/ruling/",
    ),
    # Their bodies have a sanction.
    "view_case decide_case add_sanction": (
        "POST enforcement/cases/{case}/ruling/",
        "POST enforcement/cases/{own_case}/ruling/",
    ),
    "view_case bulk_rule add_sanction": ("POST enforcement/bulk/",),
    "view_case bulk_rule": ("GET enforcement/bulk/", "GET enforcement/bulk/{bulk}/"),
    "view_case reverse_ruling": (
        "POST enforcement/rulings/{ruling}/reverse/",
        "POST enforcement/bulk/{bulk}/reverse/",
        "POST enforcement/purges/{purge}/reverse/",
    ),
    "view_case make_evidence": ("POST enforcement/cases/{case}/evidence/",),
    "add_queue": ("POST enforcement/queues/",),
    "change_queue": ("PATCH enforcement/queues/{queue}/",),
    "delete_queue": ("DELETE enforcement/queues/{queue}/",),
    "purge_messages": (
        "GET enforcement/purges/",
        "POST enforcement/purges/",
        "GET enforcement/purges/{purge}/",
    ),
    "view_appeal": ("GET enforcement/appeals/",),
    "view_appeal decide_appeal": ("POST enforcement/appeals/{appeal}/decision/",),
    "suspend_reporting": (
        "GET enforcement/report-suspensions/",
        "POST enforcement/report-suspensions/",
        "POST enforcement/report-suspensions/{suspension}/lift/",
    ),
    "view_sanction": (
        "GET enforcement/sanctions/",
        "GET enforcement/sanctions/?room={room}",
        "GET enforcement/strikes/histogram/",
    ),
    "add_sanction": (
        "POST enforcement/sanctions/",
        "POST enforcement/rooms/{room}/freeze/",
        "POST enforcement/rooms/{room}/newcomers-wait/",
        "POST enforcement/rooms/{room}/slow-mode/",
    ),
    "view_sanction lift_sanction": (
        "POST enforcement/sanctions/{sanction}/lift/",
        "POST enforcement/sanctions/{server_sanction}/lift/",
        "POST enforcement/sanctions/{sanction}/term/",
        "POST enforcement/sanctions/{server_sanction}/term/",
    ),
    "view_auditline": ("GET enforcement/audit/",),
    "view_bankedtext": ("GET enforcement/hash-bank/",),
    "add_bankedtext": ("POST enforcement/hash-bank/",),
    "view_bankedtext delete_bankedtext": ("DELETE enforcement/hash-bank/{banked}/?reason=-",),
    "view_invitation": ("GET auth/invitations/",),
    "add_invitation": ("POST auth/invitations/",),
    "view_invitation delete_invitation": ("DELETE auth/invitations/{invitation}/",),
    "view_moderationlog": (
        "GET moderation/logs/",
        "GET moderation/logs/?room={room}",
        "GET moderation/logs/?message={hidden}",
        "GET moderation/logs/{log}/",
        "POST moderation/try/",
    ),
    "view_policy": (
        "GET moderation/policies/",
        "GET moderation/policies/{policy}/",
        "GET moderation/policies/{policy}/versions/",
        "GET moderation/policies/{policy}/versions/{version}/",
        "GET moderation/policies/{policy}/versions/{version}/findings/",
        "GET moderation/providers/",
        "GET moderation/assignments/",
    ),
    "view_policy add_policy": (
        "POST moderation/policies/",
        "POST moderation/policies/{policy}/versions/",
    ),
    "view_policy enable_policy": (
        "POST moderation/policies/{policy}/versions/{version}/enable/",
        "POST moderation/policies/{policy}/versions/{version}/rollback/",
        "PUT moderation/policies/{policy}/shadow/",
        "PUT moderation/assignments/",
    ),
    "view_policy delete_policy": ("DELETE moderation/policies/{policy}/",),
    "view_evaluation": (
        "GET moderation/evaluations/",
        "GET moderation/evaluations/{evaluation}/",
    ),
    "view_evaluation add_evaluation": (
        "POST moderation/evaluations/",
        "POST moderation/evaluations/{evaluation}/cancel/",
    ),
}
# Permitted to who made it alone, so that no permission opens that of others.
OWN = {"POST enforcement/rulings/{ruling}/undo/"}
# Whose answers have texts of members, and numbers of open cases.
WITH_TEXTS = {"view_case", "view_moderationlog"}
WITH_COUNTS = {"view_case"}
