"""How the OpenAPI document is made from the views."""

SPECTACULAR_SETTINGS = {
    "TITLE": "Chat Moderado",
    "OAS_VERSION": "3.1.1",  # its schemas are plain JSON Schema
    "DESCRIPTION": "Rooms whose messages are moderated before others see them. What happens in a "
    "room reaches its subscribers by WebSocket: see `/ws/schema/` and `docs/protocol.md`.",
    "VERSION": "1",  # of the contract
    "LICENSE": {"name": "MIT"},
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",  # tags are the next part
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # each body says itself which fields may be left out
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "SORT_OPERATION_PARAMETERS": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "moderado.api.examples.add_examples",
    ],
    "ENUM_NAME_OVERRIDES": {
        "NameStatusEnum": ["PENDING", "HELD", "REJECTED"],
        "NoticeRoleEnum": "moderado.enforcement.labels.NOTICE_ROLE_CODES",
        "RoleEnum": "moderado.chat.models.Membership.Role",
        "CategoryEnum": "moderado.enforcement.labels.CATEGORY_CODES",
        "ReportCategoryEnum": "moderado.enforcement.labels.REPORT_CATEGORY_CODES",
        "EvaluationStateEnum": ["queued", "running", "done", "failed", "cancelled"],
        "CaseStateEnum": ["open", "decided", "closed"],
        "NoticeStateEnum": ["unconfirmed", "open", "decided"],
        "ShownCaseStateEnum": ["decided", "closed", "open", "snoozed", "escalated"],
        "WorkStateEnum": ["running", "done", "stopped", "reversing", "reversed", "dry_run"],
        "RemovableStatusEnum": ["PENDING", "APPROVED", "HELD"],
        "ContentEnum": ["allow", "remove", "keep_flagged"],
        "RulingContentEnum": ["allow", "remove", "keep_flagged", "hold"],
        "OriginEnum": ["hold", "flag", "report", "appeal", "audit", "notice"],
        "KindEnum": ["replay", "backtest", "shadow", "calibration"],
        "SanctionKindEnum": ["warning", "strike", "slow", "mute", "ban"],
        "SanctionStateEnum": ["active", "lifted", "expired"],
        "TimelineKindEnum": [
            "opened",
            "verdict",
            "note",
            "ruling",
            "reversal",
            "undone",
            "escalated",
            "closed",
        ],
        "ModerationModeEnum": "moderado.chat.models.Room.Mode",
        "RoomModeEnum": ["pre", "optimistic", "post", "off"],
        "AudienceEnum": "moderado.chat.models.Room.Audience",
        "RoomAudienceEnum": ["adults", "mixed", "minors"],
        "TypeEnum": ["message", "user_name", "room_name"],
        "OutcomeEnum": ["ALLOW", "BLOCK"],
        "VerdictEnum": "moderado.moderation.types.Outcome",
        "StatusEnum": "moderado.chat.types.MESSAGE_STATUSES",
    },
}
