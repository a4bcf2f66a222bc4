"""`/v1alpha1/comments:…` answers as the Perspective API does."""

import logging

import pytest
from rest_framework.test import APIClient

from moderado.core.logging import redact
from moderado.moderation.attributes import ATTRIBUTES
from moderado.moderation.models import ModerationLog, SuggestedScore
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

ANALYZE = "/v1alpha1/comments:analyze"
SUGGEST = "/v1alpha1/comments:suggestscore"
OFFENCE = "vai se foder, seu viado de merda"


def ask(client, body, status=200, path=ANALYZE):
    answer = client.post(path, body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def comment(text=OFFENCE, **more):
    return {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, **more}


def test_answer_has_the_shape_of_perspective(judge):
    answer = ask(judge, comment(languages=["pt-BR"], clientToken="42"))

    assert set(answer) == {"attributeScores", "languages", "detectedLanguages", "clientToken"}
    (scores,) = answer["attributeScores"].values()
    assert scores["summaryScore"]["type"] == "PROBABILITY"
    assert 0.5 < scores["summaryScore"]["value"] <= 1
    (span,) = scores["spanScores"]
    assert (span["begin"], span["end"]) == (0, len(OFFENCE))
    assert (answer["languages"], answer["clientToken"]) == (["pt"], "42")


def test_all_attributes_are_scored_from_their_own_categories(judge):
    asked = {name: {} for name in ATTRIBUTES} | {"TOXICITY_EXPERIMENTAL": {}}
    offensive = ask(judge, {"comment": {"text": OFFENCE}, "requestedAttributes": asked})
    plain = ask(judge, {"comment": {"text": "bom dia"}, "requestedAttributes": asked})

    def value(answer, name):
        return answer["attributeScores"][name]["summaryScore"]["value"]

    assert set(offensive["attributeScores"]) == set(asked)
    assert value(offensive, "IDENTITY_ATTACK") > 0.5
    assert value(offensive, "SPAM") == 0
    scored = {name for name in asked if value(plain, name)}  # the classifier's one category
    assert scored == {"TOXICITY", "TOXICITY_EXPERIMENTAL", "INSULT"}
    assert max(value(plain, name) for name in scored) < 0.3


def test_span_annotations_are_the_matches(judge):
    answer = ask(judge, comment(f"bom dia, {OFFENCE}", spanAnnotations=True))

    spans = answer["attributeScores"]["TOXICITY"]["spanScores"]
    assert all(span["begin"] >= len("bom dia, ") for span in spans)


def test_scores_below_the_threshold_are_left_out(judge):
    asked = {"TOXICITY": {"scoreThreshold": 0.1}, "SPAM": {"scoreThreshold": 0.1}}

    answer = ask(judge, comment() | {"requestedAttributes": asked})

    assert set(answer["attributeScores"]) == {"TOXICITY"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"comment": {"text": " "}}, "COMMENT_EMPTY"),
        ({"languages": ["ja"]}, "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"),
        ({"requestedAttributes": {}}, "INVALID"),
        ({"requestedAttributes": {"FLIRTATION": {}}}, "INVALID"),
        ({"requestedAttributes": {"TOXICITY": {"scoreThreshold": 2}}}, "INVALID"),
        ({"comment": {}}, "INVALID"),
        ({"comment": {"text": "x" * 131_073}}, "INVALID"),
    ],
)
def test_bad_request_is_explained_as_perspective_does(judge, change, reason):
    error = ask(judge, comment() | change, 400)["error"]

    assert set(error) == {"code", "message", "status", "details"}
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert error["details"][0]["errorType"] == reason


@pytest.mark.proves("S63")
def test_key_is_taken_from_header_or_query(judge):
    key, anonymous = judge.made.key, APIClient()

    assert anonymous.post(f"{ANALYZE}?key={key}", comment(), format="json").status_code == 200
    google = anonymous.post(ANALYZE, comment(), format="json", HTTP_X_GOOG_API_KEY=key)
    assert google.status_code == 200
    refused = anonymous.post(f"{ANALYZE}?key=mk_unknown", comment(), format="json")
    assert (refused.status_code, refused.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.proves("S28")
def test_key_in_the_query_is_not_logged(judge, caplog):
    with caplog.at_level(logging.INFO):
        APIClient().post(f"{ANALYZE}?key={judge.made.key}", comment(), format="json")

    lines = [
        redact(None, "", record.msg) for record in caplog.records if isinstance(record.msg, dict)
    ]
    assert any("comments:analyze" in line.get("request", "") for line in lines)
    assert judge.made.key not in str(lines)


def test_analysis_stores_nothing(judge):
    ask(judge, comment())

    assert not ModerationLog.objects.exists()
    assert not SuggestedScore.objects.exists()


def suggestion(**more):
    scores = {"TOXICITY": {"summaryScore": {"value": 0.9}}}
    return {"comment": {"text": "a toada"}, "attributeScores": scores, **more}


def test_suggested_scores_are_stored_for_calibration(make_judge):
    client = make_judge("suggest")

    answer = ask(client, suggestion(languages=["pt"], communityId="forum"), path=SUGGEST)

    assert answer == {"detectedLanguages": ["pt"]}
    row = SuggestedScore.objects.get()
    assert (row.text, row.scores, row.community) == ("a toada", {"TOXICITY": 0.9}, "forum")
    assert row.api_key_id == client.made.id
    assert ask(client, comment(), 403)["error"]["status"] == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    "change",
    [
        {"attributeScores": {"NOTHING": {"summaryScore": {"value": 0.9}}}},
        {"attributeScores": {"TOXICITY": {"summaryScore": {"value": 1.5}}}},
        {"comment": {"text": "\x00"}},
        {"comment": {"text": "x" * 20_000}},
        {"communityId": "x" * 257},
    ],
)
def test_bad_suggestion_is_refused(judge, change):
    ask(judge, suggestion() | change, 400, path=SUGGEST)

    assert not SuggestedScore.objects.exists()


def test_permitted_staff_read_and_erase_suggestions(judge, client):
    ask(judge, suggestion(), path=SUGGEST)
    row = SuggestedScore.objects.get()
    page = f"/admin/moderation/suggestedscore/{row.id}/"
    client.force_login(make_staff("view_suggestedscore", "delete_suggestedscore"))

    assert "a toada" in client.get(f"{page}change/").content.decode()
    client.post(f"{page}delete/", {"post": "yes"})
    assert not SuggestedScore.objects.exists()
