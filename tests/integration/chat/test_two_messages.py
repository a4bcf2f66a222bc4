"""A word that an author cuts in two messages is read, and held, in the second one (row R78)."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now

from moderado.chat.models import Message
from moderado.chat.services import previous_texts, screening
from moderado.core.database import run_prepared
from moderado.moderation.models import ModerationLog
from tests.factories import make_member, make_room, make_user
from tests.integration.chat.steps import edit, judge, post

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R78")]
BLOCKLIST = "moderado.moderation.providers.blocklist.BlocklistProvider"
OWN = {
    "id": "own",
    "category": "insult",
    "severity": 0.9,
    "action": "block",
    "words": ["zarlumo", "vai brelhar"],
}
LISTED = [{"BACKEND": BLOCKLIST, "OPTIONS": {"packs": [], "rules": [OWN]}}]


@pytest.fixture(autouse=True)
def listed(settings):
    settings.MODERATION_PROVIDERS = LISTED
    # A busy machine may need longer than the default for seven messages.
    settings.ENV = settings.ENV.model_copy(update={"join_messages_seconds": 120})


def judged(author, room, *texts):
    messages = [post(author, room, text) for text in texts]
    judge(*messages)
    return messages


@pytest.mark.parametrize(
    "texts",
    [
        ("zar", "lumo"),
        ("z a r l", "u m o"),
        ("vai", "brelhar"),
        ("Z4r", "lum0"),
    ],
)
def test_second_message_of_a_word_in_two_is_held(alice, room, texts):
    *earlier, last = judged(alice, room, *texts)

    assert {message.status for message in earlier} == {"APPROVED"}
    assert last.status == "HELD"
    line = ModerationLog.objects.get(subject_id=last.id)
    assert line.matches[0]["reading"] == "two messages"
    assert (line.matches[0]["start"], line.matches[0]["end"]) == (0, len(texts[-1]))


def test_single_letters_are_held_from_the_sixth(alice, room):
    """Six letters of seven are the word with a letter missing."""
    messages = judged(alice, room, *"zarlumo")

    assert [message.status for message in messages] == ["APPROVED"] * 5 + ["HELD"] * 2


def test_messages_of_different_authors_or_rooms_are_not_joined(alice, room):
    bob, elsewhere = make_user(), make_room()
    make_member(room, user=bob)
    make_member(elsewhere, user=alice)

    other, own = post(alice, elsewhere, "zar"), post(bob, room, "zar")
    last = post(alice, room, "lumo")
    judge(other, own, last)

    assert last.status == "APPROVED"


def test_messages_that_only_end_and_begin_so_are_not_joined(alice, room):
    *_, last = judged(alice, room, "eu queria dizer vai", "brelhar é verbo?")

    assert last.status == "APPROVED"


@pytest.mark.proves("R249")
def test_edit_beside_a_long_message_is_read_with_the_earlier_text(alice, room):
    _, last = judged(alice, room, "zar", "uma mensagem que é bem comprida")

    edit(last, "lumo")
    judge(last)

    assert (last.text, last.edit_status) == ("uma mensagem que é bem comprida", "HELD")


@pytest.mark.proves("R252")
def test_message_is_read_with_what_will_stand_before_it(alice, room):
    """It was sent first and is judged last: others will read it behind the later one."""
    first, second = post(alice, room, "lumo"), post(alice, room, "zar")
    Message.objects.filter(pk=first.pk).update(lease_until=Now() + timedelta(hours=1))
    judge(second)
    assert second.status == "APPROVED"

    Message.objects.filter(pk=first.pk).update(lease_until=None)
    judge(first)
    assert first.status == "HELD"


@pytest.mark.proves("R252")
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_size_of_the_batches_in_which_they_are_judged_makes_no_difference(alice, room, size):
    messages = [post(alice, room, letter) for letter in "zarlumo"]

    one_round = screening.LocalRound(first_batch=size, max_batch=size)
    while one_round.judge_batch():
        pass

    for message in messages:
        message.refresh_from_db()
    assert [message.status for message in messages] == ["APPROVED"] * 5 + ["HELD"] * 2


def test_messages_long_apart_are_not_joined(alice, room):
    first = post(alice, room, "zar")
    before = first.created_at - timedelta(seconds=settings.ENV.join_messages_seconds + 1)
    Message.objects.filter(pk=first.pk).update(created_at=before)

    last = post(alice, room, "lumo")
    judge(last)

    assert last.status == "APPROVED"


def test_previous_texts_of_a_batch_cost_one_query(alice, room, monkeypatch):
    queries = []

    def counted(*args):
        queries.append(args)
        return run_prepared(*args)

    monkeypatch.setattr(previous_texts, "run_prepared", counted)
    long = "x" * (previous_texts.LONGEST + 1)

    judged(alice, room, long, long)
    assert queries == []

    judged(alice, room, "oi", "tudo", "bem", long)
    assert len(queries) == 1
