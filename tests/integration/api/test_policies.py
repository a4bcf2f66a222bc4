"""Policies over REST: documents, versions, enabling, assignments, trying."""

import pytest

from moderado.chat.models import Membership
from moderado.chat.services import posting
from moderado.chat.services.screening import screen_waiting
from moderado.moderation.models import Policy, PolicyChange
from moderado.moderation.services import policy_findings
from moderado.moderation.services.evaluation_runs import run_slice
from tests.factories import EVALUATING, POLICING, make_member, make_room, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_identity_sentences")]

POLICIES, TRY = "/api/moderation/policies/", "/api/moderation/try/"
EVALUATIONS = "/api/moderation/evaluations/"
ASSIGNMENTS = "/api/moderation/assignments/"
RULE = {"id": "own", "words": ["pira"], "category": "spam", "outcome": "hold"}
YAML = """\
name: default
rules:
  - id: own
    words: [pira, no]
    category: spam
    outcome: hold
    must_hold: ["P.I.R.A"]
"""


@pytest.fixture(autouse=True)
def _blocklist(settings):
    backend = "moderado.moderation.providers.blocklist.BlocklistProvider"
    settings.MODERATION_PROVIDERS = [{"BACKEND": backend, "OPTIONS": {"packs": []}}]


@pytest.fixture
def staff(signed_in):
    return signed_in(make_staff(*POLICING, "view_moderationlog"))


def version(number, *action):
    return "/".join([f"{POLICIES}default/versions/{number}", *action, ""])


def test_policy_is_created_saved_enabled_and_rolled_back(staff):
    created = staff.post(POLICIES, {"name": "default", "document": {"rules": [RULE]}})
    assert (created.status_code, created.json()["version"]) == (201, 1)
    assert created.json()["findings"]["examples"] == []
    second = {"document": {"rules": [RULE | {"words": ["lula"]}]}, "reason": "squid"}
    assert staff.post(f"{POLICIES}default/versions/", second).json()["version"] == 2

    for number in (1, 2):
        enabled = staff.post(version(number, "enable"), {"reason": "now"})
        assert (enabled.status_code, enabled.json()["is_enabled"]) == (200, True)
    rolled_back = staff.post(version(2, "rollback"), {"reason": "wrong"})

    assert rolled_back.json()["version"] == 1
    detail = staff.get(f"{POLICIES}default/").json()
    assert (detail["enabled"], detail["latest"]) == (1, 2)
    assert [each["action"] for each in detail["history"]] == [
        "rolled_back",
        "enabled",
        "enabled",
        "saved",
        "saved",
    ]
    assert [each["version"] for each in staff.get(f"{POLICIES}default/versions/").json()["results"]]
    shown = staff.get(version(2)).json()
    assert (shown["document"]["rules"][0]["words"], shown["reason"]) == (["lula"], "squid")


def test_policy_is_created_from_yaml(staff):
    answer = staff.post(POLICIES, YAML, content_type="application/yaml")

    assert answer.status_code == 201, answer.content
    document = staff.get(version(1)).json()["document"]
    assert document["rules"][0]["words"] == ["pira", "no"]


def test_compressed_yaml_is_refused(staff):
    answer = staff.post(
        POLICIES,
        YAML,
        content_type="application/yaml",
        headers={"Content-Encoding": "gzip"},
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")
    assert not Policy.objects.exists()


def test_all_mistakes_are_fields_with_their_lines(staff):
    wrong = YAML.replace("outcome: hold", "outcome: hide").replace("spam", "rude")

    answer = staff.post(POLICIES, wrong, content_type="application/yaml")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_policy")
    fields = answer.json()["fields"]
    assert set(fields) == {"rules[0].category", "rules[0].outcome"}
    assert fields["rules[0].outcome"] == "linha 6: Um destes: allow, flag, hold, block."
    assert not Policy.objects.exists()


def test_failing_examples_refuse_a_version(staff):
    rule = RULE | {"must_hold": ["lula"]}
    saved = staff.post(POLICIES, {"name": "default", "document": {"rules": [rule]}})

    refused = staff.post(version(1, "enable"))

    example = {"rule": "own", "text": "lula", "expected": "hold", "outcome": "ALLOW"}
    assert saved.json()["findings"]["examples"] == [example]
    assert (refused.status_code, refused.json()["code"]) == (409, "failing_examples")
    assert refused.json()["examples"] == [example]


def test_unfair_version_needs_a_confirmation(staff, monkeypatch):
    monkeypatch.setattr(policy_findings, "identity_sentences", lambda: ("uma pira", "oi"))
    staff.post(POLICIES, {"name": "default", "document": {"rules": [RULE]}})

    refused = staff.post(version(1, "enable"))
    confirmed = staff.post(version(1, "enable"), {"confirm_fairness": True, "reason": "known"})

    assert (refused.status_code, refused.json()["code"]) == (409, "unfair_policy")
    assert refused.json()["fairness"]["share"] == 0.5
    assert confirmed.status_code == 200
    change = PolicyChange.objects.get(action="enabled")
    assert (change.details, change.reason) == ({"confirmed_unfairness": True}, "known")


def test_assignments_are_replaced_and_the_room_decides(staff, signed_in):
    for name, word in (("default", "pira"), ("games", "lula")):
        document = {"rules": [RULE | {"words": [word]}]}
        staff.post(POLICIES, {"name": name, "document": document})
        staff.post(f"{POLICIES}{name}/versions/1/enable/")
    room = make_room()
    wanted = {"server": "default", "room_types": {}, "rooms": {str(room.id): "games"}}

    assert staff.put(ASSIGNMENTS, wanted).json() == wanted

    assert staff.get(ASSIGNMENTS).json() == wanted
    moderator = signed_in(make_member(room, role=Membership.Role.MODERATOR).user)
    here = moderator.post(TRY, {"text": "pira, lula", "room": str(room.id)}).json()
    there = moderator.post(TRY, {"text": "pira, lula"}).json()
    assert [each["text"] for each in here["matches"]] == ["lula"]
    assert (there["policy"], there["policy_version"]) == ("default", "1")
    assert [each["text"] for each in there["matches"]] == ["pira"]
    assert moderator.post(TRY, {"text": "x", "room": str(make_room().id)}).status_code == 404


@pytest.mark.parametrize(
    "wanted, status",
    [
        ({"server": "none"}, 404),
        ({"room_types": {"secret": "default"}}, 400),
        ({"rooms": {"x": "default"}}, 400),
    ],
)
def test_wrong_assignments_are_refused(staff, wanted, status):
    assert staff.put(ASSIGNMENTS, wanted).status_code == status


def test_version_is_tried_before_it_is_enabled(staff, signed_in):
    staff.post(POLICIES, {"name": "default", "document": {"rules": [RULE]}})
    asked = {"text": "pira", "policy": "default", "version": 1}

    tried = staff.post(TRY, asked).json()

    assert (tried["outcome"], tried["policy_version"]) == ("HOLD", "1")
    assert staff.post(TRY, asked | {"version": 2}).status_code == 404
    not_enabled = staff.post(TRY, {"text": "pira", "policy": "default"})
    assert (not_enabled.status_code, not_enabled.json()["code"]) == (409, "policy_not_enabled")
    moderator = signed_in(make_member(role=Membership.Role.MODERATOR).user)
    assert moderator.post(TRY, asked).status_code == 403


def test_taken_name_and_assigned_policy_are_refused(staff):
    body = {"name": "default", "document": {"rules": [RULE]}}
    staff.post(POLICIES, body)
    assert staff.post(POLICIES, body).json()["code"] == "policy_exists"
    staff.post(version(1, "enable"))
    staff.put(ASSIGNMENTS, {"server": "default"})

    assert staff.delete(f"{POLICIES}default/").json()["code"] == "policy_in_use"
    staff.put(ASSIGNMENTS, {"server": None})
    assert staff.delete(f"{POLICIES}default/").status_code == 204
    assert staff.get(f"{POLICIES}default/").status_code == 404


def test_each_change_needs_its_permission(signed_in):
    viewer = signed_in(make_staff("view_policy"))

    assert viewer.get(POLICIES).status_code == 200
    assert viewer.post(POLICIES, {"name": "x", "document": {}}).status_code == 403
    assert viewer.put(ASSIGNMENTS, {}).status_code == 403
    assert signed_in(make_user()).get(POLICIES).status_code == 403


def test_findings_show_the_queue_and_the_backtest(staff, signed_in, monkeypatch):
    monkeypatch.undo()  # all sentences about identities
    created = staff.post(POLICIES, {"name": "default", "document": {"rules": [RULE]}})
    findings = created.json()["findings"]
    assert findings.pop("fairness")["sentences"] > 1000
    assert findings == {
        "examples": [],
        "mistakes": [],
        "queue_load": None,
        "backtest": None,
    }
    member = make_member()
    for text in ("bom dia", "pira"):
        posting.post_message(author_id=member.user_id, room_id=member.room_id, text=text)
    screen_waiting()
    asked = {"kind": "backtest", "policy": "default", "version": 1}
    assert staff.post(EVALUATIONS, asked).status_code == 403

    started = signed_in(make_staff(*EVALUATING)).post(EVALUATIONS, asked)
    found = staff.get(version(1, "findings")).json()

    assert (started.status_code, started.json()["state"]) == (201, "queued")
    assert found["backtest"] == {"id": started.json()["id"], "state": "queued"}
    assert found["queue_load"]["sample"] == 2
    assert found["queue_load"]["after"] > found["queue_load"]["before"] == 0


def test_evaluation_is_polled_and_cancelled(signed_in):
    staff = signed_in(make_staff(*EVALUATING))
    evaluation = staff.post(EVALUATIONS, {"kind": "replay"}).json()
    address = f"{EVALUATIONS}{evaluation['id']}/"

    assert run_slice()
    done = staff.get(address).json()
    assert (done["state"], done["results"]["differences"]) == ("done", 0)
    assert done["progress"] == {"done": 0, "total": 0}
    refused = staff.post(f"{address}cancel/")
    assert (refused.status_code, refused.json()["code"]) == (409, "evaluation_ended")
    assert staff.get(EVALUATIONS).json()["results"][0]["id"] == evaluation["id"]
    waiting = staff.post(EVALUATIONS, {"kind": "replay"}).json()
    assert staff.post(f"{EVALUATIONS}{waiting['id']}/cancel/").json()["state"] == "cancelled"
    wrong = staff.post(EVALUATIONS, {"kind": "backtest"})
    assert (wrong.status_code, sorted(wrong.json()["fields"])) == (400, ["version"])


@pytest.mark.proves("R151", "R152")
def test_document_with_null_characters_is_refused_in_the_readers_language(staff):
    rule = RULE | {"must_hold": ["a\0"]}

    answer = staff.post(POLICIES, {"name": "default", "document": {"rules": [rule]}})

    assert answer.status_code == 400
    assert answer.json()["fields"] == {
        "rules[0].must_hold[0]": "Caracteres nulos não são permitidos."
    }
