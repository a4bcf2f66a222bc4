"""Examples of the OpenAPI document for the judge. Part of `moderado.api.examples`."""

from typing import Any

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_MODERATION = {
    "id": "modr-019f5b0e7a527d3a9a5564c0b1a2f3e4",
    "model": "moderado:default",
    "results": [
        {
            "flagged": True,
            "categories": {name: name == "harassment" for name in _CATEGORIES},
            "category_scores": {name: 0.8 if name == "harassment" else 0.0 for name in _CATEGORIES},
            "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
            "moderado": {
                "outcome": "HOLD",
                "decided_by": "blocklist",
                "reason": "review",
                "categories": {"harassment": 0.8},
                "matches": [
                    {"rule": "insults/idiota", "category": "harassment", "start": 5, "end": 11}
                ],
                "policy_version": "5f1c0e2b9a7d4c38",
            },
        }
    ],
}

_HALF = {"value": 0.6, "type": "PROBABILITY"}

BODIES: dict[str, Any] = {
    "AnalyzeInputRequest": {
        "comment": {"text": "seu idiota", "type": "PLAIN_TEXT"},
        "requestedAttributes": {"TOXICITY": {}, "INSULT": {"scoreThreshold": 0.5}},
        "languages": ["pt"],
        "spanAnnotations": True,
    },
    "AnalyzeResponse": {
        "attributeScores": {
            "TOXICITY": {
                "summaryScore": _HALF,
                "spanScores": [{"begin": 4, "end": 10, "score": _HALF}],
            }
        },
        "languages": ["pt"],
        "detectedLanguages": ["pt"],
    },
    "GoogleErrorBody": {
        "error": {
            "code": 400,
            "message": "Write something.",
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.commentanalyzer.v1alpha1.Error",
                    "errorType": "COMMENT_EMPTY",
                }
            ],
        }
    },
    "SuggestInputRequest": {
        "comment": {"text": "seu idiota", "type": "PLAIN_TEXT"},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0.9}}},
        "languages": ["pt"],
        "communityId": "forum",
    },
    "SuggestResponse": {"detectedLanguages": ["pt"], "clientToken": "42"},
    "ModerationInputRequest": {"input": ["bom dia", "seu idiota"], "model": "moderado"},
    "ModerationResponse": _MODERATION,
    "OpenAIErrorBody": {
        "error": {
            "message": "Write something.",
            "type": "invalid_request_error",
            "param": "input",
            "code": "invalid",
        }
    },
}
