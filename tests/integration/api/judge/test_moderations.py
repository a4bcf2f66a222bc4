"""`POST /v1/moderations` answers as OpenAI's endpoint does."""

import json
from threading import Event, Thread

import pytest
from django.test import Client
from rest_framework.test import APIClient

from moderado.accounts.services.api_keys import revoke_api_key
from moderado.accounts.services.sessions import open_session, tokens_of
from moderado.api.judge import view
from moderado.api.judge.moderations import SOURCES
from moderado.core.concurrency import ConcurrencyLimit
from moderado.core.quotas import Quota
from moderado.moderation.policies.documents import read_json
from moderado.moderation.services import policies
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_identity_sentences")]

PATH = "/v1/moderations"
COMMENTS = "/v1alpha1/comments:analyze"
OFFENCE = "vai se foder, seu viado de merda"


def ask(client, body, status=200):
    answer = client.post(PATH, body, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def test_answer_has_exactly_the_shape_of_openai(judge):
    answer = ask(judge, {"input": OFFENCE, "model": "omni-moderation-latest"})

    assert set(answer) == {"id", "model", "results"}
    assert answer["id"].startswith("modr-")
    (result,) = answer["results"]
    assert set(result) == {
        "flagged", "categories", "category_scores", "category_applied_input_types", "moderado",
    }  # fmt: skip
    assert result["flagged"] is True
    for part in ("categories", "category_scores", "category_applied_input_types"):
        assert set(result[part]) == set(SOURCES)
    assert all(type(each) is bool for each in result["categories"].values())
    assert any(result["categories"].values())
    assert all(0 <= each <= 1 for each in result["category_scores"].values())


def test_compressed_text_is_refused_in_the_shape_of_openai(judge):
    answer = judge.post(
        PATH, {"input": OFFENCE}, format="json", headers={"Content-Encoding": "gzip"}
    )

    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "identity")
    assert answer.json()["error"]["code"] == "unsupported_encoding"


def test_explanation_says_which_words_and_which_step(judge):
    (result,) = ask(judge, {"input": OFFENCE})["results"]
    why = result["moderado"]

    assert why["outcome"] in ("HOLD", "BLOCK")
    assert why["decided_by"] == "blocklist"
    assert why["matches"]
    for match in why["matches"]:
        assert OFFENCE[match["start"] : match["end"]].strip()
        assert match["category"] in why["categories"]


def test_batch_has_one_result_for_each_text_in_order(judge):
    results = ask(judge, {"input": ["bom dia", OFFENCE, "", "boa tarde, gente"]})["results"]

    assert [each["flagged"] for each in results] == [False, True, False, False]
    assert results[0]["moderado"]["outcome"] == "ALLOW"


def test_parts_are_one_text(judge):
    parts = [{"type": "text", "text": "bom dia"}, {"type": "text", "text": OFFENCE}]

    (result,) = ask(judge, {"input": parts})["results"]

    assert result["flagged"] is True
    assert min(each["start"] for each in result["moderado"]["matches"]) > len("bom dia")


@pytest.mark.parametrize("name", ["moderado", "moderado:default", "omni-moderation-2024-09-26"])
def test_other_model_names_mean_the_default_policy(judge, name):
    assert ask(judge, {"input": "oi", "model": name})["model"].startswith("moderado:default")


def test_named_policy_judges(judge):
    document = read_json(
        {"name": "strict", "rules": [{"id": "own", "words": ["toada"], "category": "spam",
         "outcome": "block", "severity": 0.7}]}
    )  # fmt: skip
    policies.create_policy(document=document, actor_id=None)

    assert ask(judge, {"input": "a toada", "model": "moderado:strict"}, 404)
    policies.enable(actor_id=None, name="strict", number=1)
    answer = ask(judge, {"input": ["a toada", "bom dia"], "model": "moderado:strict"})

    assert answer["model"] == "moderado:strict"
    assert [each["flagged"] for each in answer["results"]] == [True, False]
    assert ask(judge, {"input": "a toada"})["results"][0]["flagged"] is False


@pytest.mark.proves("S210")
@pytest.mark.parametrize("name", ["nothing", "\x00", "de\x00fault", "x" * 10_000, "\U0010ffff"])
def test_unknown_policy_is_a_model_that_does_not_exist(judge, name):
    error = ask(judge, {"input": "oi", "model": f"moderado:{name}"}, 404)["error"]

    assert (error["code"], error["type"]) == ("model_not_found", "invalid_request_error")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": None},
        {"input": 1},
        {"input": []},
        {"input": ["a", 1]},
        {"input": ["a", {"type": "text", "text": "b"}]},
        {"input": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]},
        {"input": ["a"] * 129},
        {"input": "a" * 131_073},
        {"input": "a", "model": 3},
    ],
)
def test_bad_request_is_explained_as_openai_does(judge, body):
    error = ask(judge, body, 400)["error"]

    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid")
    assert error["message"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"input": "\xff"}', "application/json", 400),
        (b'{"input": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"input=a", "application/x-www-form-urlencoded", 415),
        (b'{"input": "' + b"a" * 600_000 + b'"}', "application/json", 413),
    ],
)
def test_bad_body_is_never_a_failure(judge, body, kind, status):
    answer = judge.generic("POST", PATH, body, content_type=kind)

    assert answer.status_code == status
    assert set(answer.json()) == {"error"}


@pytest.mark.proves("S234")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATH, b'{"input": "vai se foder", "input": "bom dia"}'),
        (PATH, b'{"input": "vai se foder", "in\\u0070ut": "bom dia"}'),
        (PATH, b'{"input": [{"type": "text", "text": "vai se foder", "text": "bom dia"}]}'),
        (PATH, b'{"input": "bom dia", "user": {"a": 1, "a": 1}}'),
        (
            COMMENTS,
            (
                b'{"comment": {"text": "vai se foder", "text": "bom dia"},'
                b' "requestedAttributes": {"TOXICITY": {}}}'
            ),
        ),
        (
            COMMENTS.replace("analyze", "suggestscore"),
            (
                b'{"comment": {"text": "a", "text": "b"}, "attributeScores":'
                b' {"TOXICITY": {"summaryScore": {"value": 1}}}}'
            ),
        ),
    ],
)
def test_field_that_is_given_twice_is_refused(make_judge, path, body):
    """The caller's own reader may take the text that was not judged."""
    client = make_judge("judge", "suggest")

    answer = client.post(path, body, content_type="application/json")

    assert answer.status_code == 400, answer.content
    assert "Um campo foi informado duas vezes." in answer.json()["error"]["message"]


def test_other_methods_and_paths_answer_in_the_same_shape(judge):
    for method, path, status in (("get", PATH, 405), ("get", "/v1/models", 404)):
        answer = getattr(judge, method)(path)
        assert (answer.status_code, set(answer.json())) == (status, {"error"})


@pytest.mark.proves("S63")
def test_only_keys_with_the_scope_may_judge(judge, make_judge):
    user = factories.make_user()
    token = tokens_of(session=open_session(user=user)).access
    signed_in = Client()
    signed_in.force_login(user)
    headers = ({}, {"HTTP_AUTHORIZATION": f"Bearer {token}"}, {"HTTP_AUTHORIZATION": "Bearer mk_"})

    for extra in headers:
        for client in (APIClient(), signed_in):
            answer = client.post(PATH, '{"input": "a"}', content_type="application/json", **extra)
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"
    assert ask(make_judge("suggest"), {"input": "a"}, 403)["error"]["code"]
    assert ask(judge, {"input": "a"})
    assert APIClient().post(f"{PATH}?key={judge.made.key}", {"input": "a"}).status_code == 401


@pytest.mark.proves("S63")
def test_revoked_key_is_refused_by_the_next_request(judge):
    ask(judge, {"input": "a"})

    revoke_api_key(api_key_id=judge.made.id, actor_id=None)

    ask(judge, {"input": "a"}, 401)


@pytest.mark.proves("S63")
def test_key_opens_nothing_else(judge):
    for path in ("/api/auth/users/me/", "/api/chat/rooms/", "/api/moderation/logs/"):
        assert judge.get(path).status_code == 401


@pytest.mark.proves("S64")
def test_key_over_its_quota_gets_429_and_others_do_not(judge, make_judge, settings):
    settings.QUOTAS = {**settings.QUOTAS, Quota.JUDGE: ("2/minute", "100000/minute")}
    other = make_judge()

    for _ in range(2):
        ask(judge, {"input": "a"})
    refused = judge.post(PATH, {"input": "a"}, format="json")

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    ask(other, {"input": "a"})


@pytest.mark.proves("S64")
def test_unknown_keys_share_the_quota_of_their_address(settings):
    settings.QUOTAS = {**settings.QUOTAS, Quota.JUDGE: ("100000/minute", "2/minute")}
    statuses = [
        APIClient()
        .post(
            PATH, {"input": "a"}, REMOTE_ADDR="192.0.2.77", HTTP_AUTHORIZATION=f"Bearer mk_{number}"
        )
        .status_code
        for number in range(3)
    ]

    assert statuses == [401, 401, 429]


@pytest.mark.proves("S64")
@pytest.mark.parametrize(("own", "status"), [(True, 429), (False, 503)])
def test_full_place_answers_in_time(judge, monkeypatch, own, status):
    places = ConcurrencyLimit(1, queue_timeout=0.01)
    monkeypatch.setattr(view, "_PLACES", places)
    holder = str(judge.made.id) if own else "another key"
    entered, done = Event(), Event()

    def occupy():
        with places.place(holder, before_waiting=lambda: None):
            entered.set()
            done.wait(30)

    thread = Thread(target=occupy)
    thread.start()
    try:
        assert entered.wait(30)
        answer = judge.post(PATH, json.dumps({"input": "a"}), content_type="application/json")
    finally:
        done.set()
        thread.join()

    assert (answer.status_code, "Retry-After" in answer.headers) == (status, True)
    assert ask(judge, {"input": "a"})


def wanted(threshold):
    return {"requestedAttributes": {"TOXICITY": {"scoreThreshold": threshold}}}


@pytest.mark.proves("R151")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATH, []),
        (PATH, {}),
        (PATH, {"input": None}),
        (PATH, {"input": [{"type": "text"}]}),
        (PATH, {"input": [{"type": "audio"}]}),
        (PATH, {"input": "a", "model": 1}),
        (COMMENTS, {"comment": {"text": "a", "type": "zz"}}),
        (COMMENTS, {"comment": {"text": "a"}, "clientToken": "a" * 257}),
        (COMMENTS, {"comment": {"text": "a"}, **wanted(2)}),
        (COMMENTS, {"comment": {"text": "a"}, **wanted(-1)}),
    ],
)
def test_refused_bodies_are_explained_in_the_language_of_the_client(judge, path, body):
    said = []
    for language in ("en", "pt-br"):
        answer = judge.post(path, body, format="json", headers={"accept-language": language})
        assert answer.status_code == 400
        said.append(answer.json()["error"]["message"])

    assert said[0] != said[1]
    assert not any("Expected" in each or "`" in each for each in said)
