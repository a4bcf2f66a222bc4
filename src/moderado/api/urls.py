"""All REST paths, by resource. Mounted under /api/."""

from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.cache import cache_control
from drf_spectacular.views import SpectacularSwaggerView

from moderado.api import (
    auth,
    converters,  # noqa: F401  (registers `id`)
    decisions,
    evaluations,
    invitations,
    messages,
    moderation,
    policies,
    providers,
    rooms,
)
from moderado.api.enforcement import (
    appeals,
    audit,
    blocks,
    bulk,
    cases,
    erasure,
    evidence,
    export,
    hash_bank,
    note_presets,
    notices,
    own_decisions,
    purges,
    queues,
    reports,
    room_measures,
    sanctions,
    staff_lists,
    strikes,
    suspensions,
)
from moderado.api.openapi_document import OpenAPIDocument
from moderado.api.unknown import Unknown

_cached = cache_control(public=True, max_age=300)

urlpatterns: list[URLPattern | URLResolver] = [
    # accounts
    path("auth/register/", auth.Register.as_view()),
    path("auth/login/", auth.Login.as_view()),
    path("auth/refresh/", auth.Refresh.as_view()),
    path("auth/logout/", auth.Logout.as_view()),
    path("auth/password/", auth.Password.as_view()),
    path("auth/sessions/", auth.Sessions.as_view()),
    path("auth/sessions/end-others/", auth.OtherSessions.as_view()),
    path("auth/sessions/<id:session_id>/", auth.OneSession.as_view()),
    path("auth/ws-ticket/", auth.WebSocketTicket.as_view()),
    path("auth/invitations/", invitations.Invitations.as_view()),
    path("auth/invitations/<id:invitation_id>/", invitations.OneInvitation.as_view()),
    path("auth/users/", auth.People.as_view()),
    path("auth/users/me/", auth.Me.as_view()),
    # what one may demand about oneself
    path("me/erasure/", erasure.OwnErasure.as_view()),
    path("me/export/", export.Exports.as_view()),
    path("me/export/<id:export_id>/", export.OneExport.as_view()),
    path(
        "me/export/<id:export_id>/archive/",
        export.ExportArchive.as_view(),
        name="export_archive",
    ),
    # chat
    path("chat/rooms/", rooms.Rooms.as_view()),
    path("chat/rooms/<id:room_id>/", rooms.OneRoom.as_view()),
    path("chat/rooms/<id:room_id>/join/", rooms.Joining.as_view()),
    path("chat/rooms/<id:room_id>/leave/", rooms.Leaving.as_view()),
    path("chat/rooms/<id:room_id>/participants/", rooms.Participants.as_view()),
    path("chat/rooms/<id:room_id>/participants/<id:user_id>/", rooms.OneParticipant.as_view()),
    path("chat/rooms/<id:room_id>/read/", rooms.Reading.as_view()),
    path("chat/rooms/<id:room_id>/messages/", messages.Messages.as_view()),
    path("chat/rooms/<id:room_id>/messages/<id:message_id>/", messages.OneMessage.as_view()),
    path("chat/rooms/<id:room_id>/changes/", messages.RoomChanges.as_view()),
    path("chat/rooms/<id:room_id>/search/", messages.Search.as_view()),
    path("chat/me/changes/", messages.OwnChangesOfMessages.as_view()),
    # for persons without an account
    path("notices/", notices.Notices.as_view()),
    path("notices/<str:protocol>/", notices.OneNotice.as_view()),
    path("notices/<str:protocol>/confirm/", notices.ConfirmingNotice.as_view()),
    # enforcement
    path("chat/reports/", reports.Reports.as_view()),
    path("chat/reports/mine/", reports.MyReports.as_view()),
    path("chat/reports/<id:report_id>/appeal/", own_decisions.AppealingReport.as_view()),
    path("me/appeals/", own_decisions.MyAppeals.as_view()),
    path("me/decisions/", own_decisions.Decisions.as_view()),
    path("me/decisions/<id:decision_id>/appeal/", own_decisions.AppealingDecision.as_view()),
    path("enforcement/audit/", audit.Audit.as_view()),
    path("enforcement/note-presets/", note_presets.NotePresets.as_view()),
    path("enforcement/appeals/", appeals.Appeals.as_view()),
    path("enforcement/appeals/<id:appeal_id>/decision/", appeals.DecidingAppeal.as_view()),
    path("enforcement/report-suspensions/", suspensions.Suspensions.as_view()),
    path(
        "enforcement/report-suspensions/<id:suspension_id>/lift/",
        suspensions.LiftingSuspension.as_view(),
    ),
    path("me/blocks/", blocks.Blocks.as_view()),
    path("me/blocks/<id:user_id>/", blocks.OneBlock.as_view()),
    path("me/sanctions/", sanctions.OwnSanctions.as_view()),
    path("enforcement/sanctions/", sanctions.Sanctions.as_view()),
    path("enforcement/sanctions/<id:sanction_id>/lift/", sanctions.Lifting.as_view()),
    path("enforcement/sanctions/<id:sanction_id>/term/", sanctions.Term.as_view()),
    path("enforcement/strikes/histogram/", strikes.StrikeHistogram.as_view()),
    path("enforcement/rooms/<id:room_id>/freeze/", room_measures.Freezing.as_view()),
    path(
        "enforcement/rooms/<id:room_id>/newcomers-wait/", room_measures.NewcomersWaiting.as_view()
    ),
    path("enforcement/rooms/<id:room_id>/slow-mode/", room_measures.SlowMode.as_view()),
    # moderation
    path("moderation/logs/", moderation.Logs.as_view()),
    path("moderation/logs/<id:log_id>/", decisions.OneLog.as_view()),
    path("moderation/try/", decisions.Trying.as_view()),
    path("moderation/policies/", policies.Policies.as_view()),
    path("moderation/policies/<slug:name>/", policies.OnePolicy.as_view()),
    path("moderation/policies/<slug:name>/versions/", policies.Versions.as_view()),
    path("moderation/policies/<slug:name>/versions/<int:number>/", policies.OneVersion.as_view()),
    path(
        "moderation/policies/<slug:name>/versions/<int:number>/findings/",
        policies.VersionFindings.as_view(),
    ),
    path(
        "moderation/policies/<slug:name>/versions/<int:number>/enable/",
        policies.Enabling.as_view(),
    ),
    path(
        "moderation/policies/<slug:name>/versions/<int:number>/rollback/",
        policies.RollingBack.as_view(),
    ),
    path("moderation/policies/<slug:name>/shadow/", providers.Shadowing.as_view()),
    path("moderation/providers/", providers.Providers.as_view()),
    path("moderation/assignments/", policies.PolicyAssignments.as_view()),
    path("moderation/evaluations/", evaluations.Evaluations.as_view()),
    path("moderation/evaluations/<id:evaluation_id>/", evaluations.OneEvaluation.as_view()),
    path(
        "moderation/evaluations/<id:evaluation_id>/cancel/",
        evaluations.CancellingEvaluation.as_view(),
    ),
    path("moderation/cases/", moderation.Cases.as_view()),
    path("moderation/cases/<id:case_id>/", moderation.OneCase.as_view()),
    path("moderation/cases/<id:case_id>/claim/", moderation.Claiming.as_view()),
    path("moderation/cases/<id:case_id>/ruling/", moderation.Ruling.as_view()),
    # enforcement
    path("enforcement/queues/", queues.Queues.as_view()),
    path("enforcement/queues/<id:queue_id>/", queues.OneQueue.as_view()),
    path("enforcement/cases/", cases.Cases.as_view()),
    path("enforcement/cases/<id:case_id>/", cases.OneCase.as_view()),
    path("enforcement/cases/<id:case_id>/claim/", cases.Claiming.as_view()),
    path("enforcement/cases/<id:case_id>/release/", cases.Releasing.as_view()),
    path("enforcement/cases/<id:case_id>/snooze/", cases.Snoozing.as_view()),
    path("enforcement/cases/<id:case_id>/escalate/", cases.Escalating.as_view()),
    path("enforcement/cases/<id:case_id>/notes/", cases.Notes.as_view()),
    path("enforcement/cases/<id:case_id>/evidence/", evidence.MakingEvidence.as_view()),
    path("enforcement/cases/<id:case_id>/ruling/", cases.Ruling.as_view()),
    path("enforcement/rulings/", staff_lists.Rulings.as_view()),
    path("enforcement/reports/", staff_lists.StaffReports.as_view()),
    path("enforcement/notices/", staff_lists.StaffNotices.as_view()),
    path("enforcement/rulings/<id:ruling_id>/undo/", cases.Undoing.as_view()),
    path("enforcement/rulings/<id:ruling_id>/reverse/", cases.Reversing.as_view()),
    path("enforcement/hash-bank/", hash_bank.HashBank.as_view()),
    path("enforcement/hash-bank/<id:banked_id>/", hash_bank.OneBankedText.as_view()),
    path("enforcement/bulk/", bulk.Bulk.as_view()),
    path("enforcement/bulk/<id:bulk_id>/", bulk.OneBulk.as_view()),
    path("enforcement/bulk/<id:bulk_id>/reverse/", bulk.ReversingBulk.as_view()),
    path("enforcement/purges/", purges.Purges.as_view()),
    path("enforcement/purges/<id:purge_id>/", purges.OnePurge.as_view()),
    path("enforcement/purges/<id:purge_id>/reverse/", purges.ReversingPurge.as_view()),
    # operations
    path("schema/", _cached(OpenAPIDocument.as_view()), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view()),
    # Last: unknown paths get an error response like any other.
    re_path(r"", Unknown.as_view()),
]
