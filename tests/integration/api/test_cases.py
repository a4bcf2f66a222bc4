"""The queue of cases by REST: filters, counts, and what a moderator sees around a text."""

import pytest

from moderado.chat.models import Membership, Message, Room
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.screening import screen_waiting
from moderado.core.ids import new_id
from moderado.moderation.models import Case
from moderado.moderation.texts import in_text
from tests.factories import client_of, make_member, make_room, make_staff, make_user
from tests.texts import case_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

CASES = "/api/moderation/cases/"
Role = Membership.Role


@pytest.fixture
def room():
    return make_room(name="Sala da Ana")


@pytest.fixture
def alice(room):
    return make_member(room, user=make_user(name="Alice")).user


@pytest.fixture
def moderator(room):
    return make_member(room, role=Role.MODERATOR).user


def say(author, room, *texts):
    for text in texts:
        message_id = post_message(author_id=author.id, room_id=room.id, text=text).view.id
        screen_waiting()
    return message_id


def queue(viewer, **query):
    answer = client_of(viewer).get(CASES, query)
    assert answer.status_code == 200, answer.data
    return answer.json()


def texts(viewer, **query):
    return [case["text"] for case in queue(viewer, **query)["results"]]


def test_case_shows_author_room_status_and_time(alice, room, moderator):
    message_id = say(alice, room, "HOLD this")

    (case,) = queue(moderator)["results"]

    assert case["author"] == {"id": str(alice.id), "name": "Alice"}
    assert (case["room"], case["room_name"]) == (str(room.id), "Sala da Ana")
    assert (case["message"], case["message_status"], case["is_public"]) == (
        str(message_id),
        "HELD",
        False,
    )
    assert case["waiting_seconds"] >= 0


def test_flagged_message_is_public_and_a_held_one_is_not(alice, room, moderator):
    say(alice, room, "HOLD this", "FLAG this")

    shown = {case["text"]: case["is_public"] for case in queue(moderator)["results"]}

    assert shown == {"HOLD this": False, "FLAG this": True}


def test_status_is_that_of_the_revision_of_the_case(alice, room, moderator):
    message_id = say(alice, room, "bom dia")
    edit_message(actor_id=alice.id, message_id=message_id, text="HOLD this")
    screen_waiting()

    (case,) = queue(moderator)["results"]

    assert (case["revision"], case["message_status"], case["is_public"]) == (2, "HELD", False)


def test_context_is_what_the_room_sees_around_the_message(alice, room, moderator):
    say(alice, room, "um", "dois", "três", "BLOCK hidden", "HOLD this", "quatro", "HOLD other")

    cases = {case["text"]: case for case in queue(moderator)["results"]}
    context = cases["HOLD this"]["context"]

    assert [message["content"] for message in context["before"]] == ["dois", "três"]
    assert [message["content"] for message in context["after"]] == ["quatro"]
    assert context["before"][0]["author"]["name"] == "Alice"
    one = client_of(moderator).get(f"{CASES}{cases['HOLD this']['id']}/", {"before": 3, "after": 0})
    assert [message["content"] for message in one.json()["context"]["before"]] == [
        "um",
        "dois",
        "três",
    ]
    assert one.json()["context"]["after"] == []


@pytest.mark.parametrize("permission, is_seen", [("view_case", False), ("view_message", True)])
def test_context_of_a_private_room_needs_the_permission(alice, room, permission, is_seen):
    Room.objects.filter(pk=room.pk).update(is_private=True)
    say(alice, room, "um", "HOLD this")

    (case,) = queue(make_staff("view_case", permission))["results"]

    assert bool(case["context"]["before"]) == is_seen


def test_own_cases_are_neither_listed_nor_counted(alice, room, moderator):
    say(moderator, room, "HOLD mine")
    say(alice, room, "HOLD this")

    page = queue(moderator)

    assert [case["text"] for case in page["results"]] == ["HOLD this"]
    assert (page["count"], page["counts"]["open"]) == (1, 1)
    own = case_with("HOLD mine")
    answer = client_of(moderator).get(f"{CASES}{own.id}/")
    assert (answer.status_code, answer.json()["code"]) == (403, "own_case")


def test_cases_are_filtered_on_the_server(alice, room, moderator):
    other_room = make_member(make_room(), user=moderator, role=Role.MODERATOR).room
    bob = make_member(other_room).user
    say(alice, room, "HOLD a", "FLAG b")
    say(bob, other_room, "HOLD c")
    Case.objects.filter(in_text("HOLD a")).update(categories=["self_harm"])

    assert set(texts(moderator)) == {"HOLD a", "FLAG b", "HOLD c"}
    assert set(texts(moderator, room=room.id)) == {"HOLD a", "FLAG b"}
    assert texts(moderator, origin="flag") == ["FLAG b"]
    assert texts(moderator, category="self_harm") == ["HOLD a"]
    assert texts(moderator, author=bob.id) == ["HOLD c"]
    assert texts(moderator, room=room.id, origin="hold", category="hate") == []


def test_cases_are_filtered_by_claim(alice, room, moderator):
    colleague = make_member(room, role=Role.MODERATOR).user
    say(alice, room, "HOLD a", "HOLD b", "HOLD c")
    for viewer, text in ((moderator, "HOLD a"), (colleague, "HOLD b")):
        case = case_with(text)
        assert client_of(viewer).post(f"{CASES}{case.id}/claim/").status_code == 200

    assert texts(moderator, claimed="me") == ["HOLD a"]
    assert texts(moderator, claimed="others") == ["HOLD b"]
    assert texts(moderator, claimed="false") == ["HOLD c"]
    assert set(texts(moderator, claimed="true")) == {"HOLD a", "HOLD b"}
    Case.objects.update(claimed_until="2020-01-01T00:00:00Z")
    assert len(texts(moderator, claimed="false")) == 3


def test_counts_are_of_open_cases_whatever_the_filter(alice, room, moderator):
    say(alice, room, "HOLD a", "HOLD b", "FLAG c")
    client_of(moderator).post(f"{CASES}{case_with('HOLD a').id}/claim/")

    counts = queue(moderator, origin="flag", state="decided")["counts"]

    assert counts.pop("oldest_seconds") >= 0
    assert counts == {"open": 3, "hold": 2, "flag": 1, "claimed": 1, "mine": 1}
    nothing = queue(moderator, room=make_member(user=moderator, role=Role.ADMIN).room_id)
    assert (nothing["counts"]["open"], nothing["counts"]["oldest_seconds"]) == (0, None)


def test_room_of_others_answers_404(moderator):
    assert client_of(moderator).get(CASES, {"room": make_room().id}).status_code == 404


@pytest.mark.parametrize(
    "query", [{"origin": "x"}, {"category": "x"}, {"claimed": "x"}, {"room": "x"}, {"author": "x"}]
)
def test_invalid_filter_answers_400(moderator, query):
    answer = client_of(moderator).get(CASES, query)

    assert (answer.status_code, set(answer.json()["fields"])) == (400, set(query))


@pytest.mark.parametrize(
    "categories, action",
    [
        (["self_harm"], "support"),
        (["hate", "self_harm"], "support"),
        (["harassment", "profanity"], "block"),
        (["profanity"], "allow"),
        ([], "review"),
    ],
)
def test_recommended_action_follows_the_categories(alice, room, moderator, categories, action):
    say(alice, room, "HOLD this")
    Case.objects.update(categories=categories)

    (case,) = queue(moderator)["results"]

    assert case["recommended_action"] == action


@pytest.mark.parametrize(
    "subject_type, categories, action",
    [
        ("person", ["harassment"], "sanction"),
        ("person", ["self_harm"], "support"),
        ("room", ["hate"], "review"),
        ("user_name", ["hate"], "block"),
    ],
)
def test_nothing_is_recommended_that_the_subject_has_not(
    alice, room, moderator, subject_type, categories, action
):
    say(alice, room, "HOLD this")
    Case.objects.update(subject_type=subject_type, categories=categories)

    (case,) = queue(moderator)["results"]

    assert case["recommended_action"] == action


@pytest.mark.parametrize("language, name", [("pt-br", "assédio"), ("en", "harassment")])
def test_category_names_are_in_the_language_of_the_reader(alice, room, language, name):
    moderator = make_member(room, user=make_user(language=language), role=Role.MODERATOR).user
    say(alice, room, "HOLD this")

    (case,) = queue(moderator)["results"]

    assert case["category_names"] == {"harassment": name}


def test_case_of_a_vanished_message_is_still_shown(room, moderator):
    case = Case.objects.create(
        subject_type="message", subject_id=new_id(), revision=1, scope_id=room.id, text="x",
        origin="hold",
    )  # fmt: skip

    (shown,) = queue(moderator)["results"]

    assert (shown["id"], shown["message_status"], shown["author"]) == (str(case.id), None, None)


def test_removed_neighbours_do_not_appear(alice, room, moderator):
    gone = say(alice, room, "um")
    say(alice, room, "HOLD this")
    Message.objects.filter(pk=gone).update(status="REMOVED")

    (case,) = queue(moderator)["results"]

    assert case["context"] == {"before": [], "after": []}
