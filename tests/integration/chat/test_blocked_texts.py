"""A text that a moderator blocked is not shown again by any path without a moderator."""

import pytest
from django.db import transaction

from moderado.chat.events import AuthorNotified, Notice
from moderado.chat.models import Message, Room
from moderado.chat.services.posting import post_messages
from moderado.chat.services.restrictions import BLOCKED_BEFORE
from moderado.chat.types import SendRequest
from moderado.moderation.models import BlockedText, Case, ModerationLog
from moderado.moderation.normalize import confusables, frozen
from moderado.moderation.types import Outcome
from moderado.realtime.pubsub.fanout import author_notice
from tests import rulings
from tests.factories import make_member, make_room, make_user
from tests.integration.chat.steps import edit, judge, post, rule

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R57")]

TEXT = "FLAG você é feio"


@pytest.fixture(params=["pre", "post", "off"])
def mode(request):
    return request.param


@pytest.fixture
def blocked(alice, room):
    """A visible text of Alice that a moderator has blocked through its case."""
    message = post(alice, room, TEXT)
    judge(message)
    decide(message, "BLOCK")
    return message


def decide(message, outcome):
    case = Case.objects.get(subject_id=message.id, state="open")
    rulings.rule(
        actor_id=make_user().id, case_id=case.id, outcome=outcome, reason="x", scope_ids=None
    )
    message.refresh_from_db()


TURNED = {
    "as written": f"\u202e{TEXT}\u202c",
    "as displayed": f"\u202e{TEXT[::-1]}\u202c",
    "within another control": f"\u202e\u202d{TEXT}\u202c\u202c",
    "within an isolate": f"\u202e\u2066{TEXT}\u2069\u202c",
    "in parts": f"\u202e{TEXT[8:][::-1]}\u202d{TEXT[:8]}",
}
MARKED_UP = {
    "tag": TEXT.replace("feio", "fe<b></b>io"),
    "entity": TEXT.replace("e", "&#101;"),
    "invisible entity": TEXT.replace("e", "e&zwnj;"),
    "link": f"[{TEXT}](https://example.org)",
    "turned and marked up": f"\u202e{TEXT[::-1]}\u202c".replace("i", "&#105;"),
}


@pytest.mark.proves("R360")
@pytest.mark.parametrize("text", [*TURNED.values(), *MARKED_UP.values()])
def test_blocked_text_is_held_in_each_of_its_readings(alice, room, blocked, text):
    change_mode(room, "off")

    message = post(alice, room, text)
    judge(message)

    assert (message.status, message.seq) == ("HELD", 0)


@pytest.mark.proves("R360")
def test_text_that_was_blocked_in_disguise_is_held_plainly(alice, room):
    message = post(alice, room, MARKED_UP["tag"])
    judge(message)
    decide(message, "BLOCK")
    change_mode(room, "off")

    again = post(alice, room, TEXT)
    judge(again)

    assert again.status == "HELD"


def change_mode(room, mode):
    Room.objects.filter(pk=room.pk).update(moderation_mode=mode)
    room.refresh_from_db()


def is_shown(message):
    return message.status == "APPROVED" and message.text != "bom dia"


@pytest.mark.parametrize(
    "text", [TEXT, "FLAG: você é FEIO", "flag:  vocé  é féio!!", "F.L.A.G. v o c e e f e i o"]
)
def test_blocked_text_is_held_when_it_is_posted_again(alice, room, blocked, mode, text):
    change_mode(room, mode)

    message = post(alice, room, text)
    assert not is_shown(message)
    judge(message)

    assert (message.status, message.reason, message.seq) == ("HELD", "review", 0)
    assert ModerationLog.objects.get(subject_id=message.id).decided_by == BLOCKED_BEFORE
    assert Case.objects.get(subject_id=message.id).state == "open"


@pytest.mark.parametrize(
    "again", ["🖕🖕", "🖕 🖕", "🖕\u200b🖕", "🖕\ufe0f🖕", "🖕\n🖕", "🖕🖕\u3164"]
)
def test_blocked_text_without_letters_is_held_in_any_spelling(alice, room, again):
    message = post(alice, room, "🖕🖕")
    judge(message)
    rule(message, Outcome.BLOCK)

    message = post(alice, room, again)
    judge(message)

    assert message.status == "HELD"


def test_blocked_text_is_held_in_a_batch(alice, room, blocked):
    post_messages([SendRequest(author_id=alice.id, room_id=room.id, text=TEXT)] * 2)

    judge()

    again = Message.objects.exclude(pk=blocked.pk)
    assert [message.status for message in again] == ["HELD", "HELD"]


@pytest.mark.parametrize("harmless", ["boa tarde", "outra coisa"])
def test_blocked_text_is_held_when_its_author_edits_and_back(alice, room, blocked, mode, harmless):
    change_mode(room, mode)
    edit(blocked, harmless)
    judge(blocked)
    assert (blocked.status, blocked.text) == ("APPROVED", harmless)

    edit(blocked, TEXT)
    judge(blocked)

    assert (blocked.status, blocked.text) == ("APPROVED", harmless)
    assert (blocked.edit_status, blocked.edit_text) == ("HELD", TEXT)


def test_blocked_text_is_held_as_an_edit_of_another_message(alice, room, blocked, mode):
    change_mode(room, mode)
    message = post(alice, room, "bom dia")
    judge(message)

    edit(message, TEXT)
    judge(message)

    assert (message.text, message.edit_status) == ("bom dia", "HELD")


def test_mode_post_does_not_revert_to_a_blocked_text(alice):
    room = make_room(moderation_mode="post")
    message = post(alice, room, TEXT)
    judge(message)
    other = post(alice, room, TEXT)
    judge(other)
    decide(other, "BLOCK")

    edit(message, "BLOCK this")
    judge(message)

    assert (message.status, message.seq > 0) == ("REJECTED", True)


def test_verdict_that_blocks_stays_a_block(alice, room):
    message = post(alice, room, "BLOCK this")
    judge(message)
    rule(message, Outcome.BLOCK)

    again = post(alice, room, "BLOCK this")
    judge(again)

    assert (again.status, again.reason) == ("REJECTED", "policy")


def test_text_that_a_moderator_allows_later_is_shown_again(alice, room, blocked, mode):
    change_mode(room, mode)
    message = post(alice, room, TEXT)
    judge(message)

    decide(message, "ALLOW")

    assert (message.status, message.text) == ("APPROVED", TEXT)
    assert not BlockedText.objects.exists()
    third = post(alice, room, TEXT)
    judge(third)
    assert third.status == "APPROVED"


def test_other_authors_rooms_and_texts_are_not_held(alice, bob, room, blocked, mode):
    elsewhere = make_member(make_room(moderation_mode=mode), user=alice).room
    change_mode(room, mode)

    others = [post(bob, room, TEXT), post(alice, elsewhere, TEXT), post(alice, room, "bom dia")]
    judge(*others)

    assert [message.status for message in others] == ["APPROVED"] * 3


def test_texts_without_letters_are_compared_as_they_are(alice, room):
    message = post(alice, room, "🍆🍆")
    judge(message)
    rule(message, Outcome.BLOCK)

    same, other = post(alice, room, "🍆🍆"), post(alice, room, "🌻")
    judge(same, other)

    assert (same.status, other.status) == ("HELD", "APPROVED")


def test_ruling_without_effect_blocks_no_text(alice, room):
    message = post(alice, room, "HOLD this")
    judge(message)
    edit(message, "boa tarde")

    rule(message, Outcome.BLOCK, revision=1)

    assert not BlockedText.objects.exists()


def test_ruling_on_a_held_edit_blocks_the_text_of_the_edit(alice, room):
    message = post(alice, room, "bom dia")
    judge(message)
    edit(message, "HOLD this")
    judge(message)
    decide(message, "BLOCK")

    again, harmless = post(alice, room, "hold this"), post(alice, room, "bom dia")
    judge(again, harmless)

    assert (again.status, harmless.status) == ("HELD", "APPROVED")


def test_unblocked_authors_cost_no_statement(alice, bob, room, blocked, django_assert_num_queries):
    text = "bom dia para todos"  # too long to be a part of a word in two messages
    post(bob, room, text)
    with django_assert_num_queries(8):
        judge()
    post(alice, room, text)
    with django_assert_num_queries(9):
        judge()


def rejections(published):
    return [
        (each.revision, author_notice(each).line)
        for each in published
        if isinstance(each, AuthorNotified) and each.notice is Notice.REJECTED
    ]


def test_notice_of_a_blocked_text_has_its_reason_beside_a_refused_edit(alice, room, published):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "BLOCK that")
    judge(message)
    published.clear()

    rule(message, Outcome.BLOCK, revision=1)

    ((revision, line),) = rejections(published)
    assert (revision, line.revision) == (1, 1)
    assert '"reason":"removed","categories"' in line.text.split('"message":')[0] + tail(line)


def test_notice_of_a_reverted_text_has_its_reason_beside_a_refused_edit(alice, published):
    room = make_room(moderation_mode="post")
    message = post(alice, room, "bom dia")
    judge(message)
    edit(message, "BLOCK second")
    change_mode(room, "pre")
    edit(message, "HOLD third")
    judge(message)

    last = rejections(published)[-1]

    assert (message.text, message.edit_status, message.edit_text) == (
        "bom dia", "HELD", "HOLD third",
    )  # fmt: skip
    assert (last[0], last[1].revision) == (2, 2)
    assert '"reason":"policy"' in tail(last[1])


def tail(line):
    """The decision that stands beside the message in the frame."""
    return line.text[line.text.rindex('"reason":') :]


def test_waiting_edit_of_a_blocked_text_keeps_its_verdict_and_notice(alice, room, published):
    message = post(alice, room, "FLAG this")
    judge(message)
    edit(message, "HOLD that")
    rule(message, Outcome.BLOCK, revision=1)
    published.clear()

    judge(message)

    assert (message.status, message.edit_status) == ("REJECTED", "HELD")
    assert [e.notice for e in published if isinstance(e, AuthorNotified)] == [Notice.HELD]
    rule(message, Outcome.ALLOW, revision=2)
    assert (message.status, message.text) == ("APPROVED", "HOLD that")


def test_ruling_and_its_memory_are_stored_together(alice, room):
    message = post(alice, room, "HOLD this")
    judge(message)

    with transaction.atomic():
        decide(message, "BLOCK")
        transaction.set_rollback(True)

    assert not BlockedText.objects.exists()


@pytest.fixture
def next_release(monkeypatch):
    """A release that folds "feio" otherwise, and has another frozen folding beside the first."""
    letters_of = frozen.letters_of

    def begin():
        monkeypatch.setattr(frozen, "VERSIONS", (1, 2))
        monkeypatch.setattr(
            frozen,
            "letters_of",
            lambda text, version: letters_of(text, 1) + ("!" if version == 2 else ""),
        )
        monkeypatch.setitem(confusables.TABLE, ord("ê"), "x")

    return begin


def test_text_blocked_by_the_previous_release_is_held(alice, room, blocked, next_release):
    next_release()

    again = post(alice, room, TEXT)
    judge(again)

    assert (again.status, again.reason) == ("HELD", "review")


def test_text_blocked_by_the_next_release_is_held_by_the_previous_one(
    alice, room, next_release, monkeypatch
):
    with monkeypatch.context():
        next_release()
        message = post(alice, room, TEXT)
        judge(message)
        rule(message, Outcome.BLOCK)
    monkeypatch.undo()

    again = post(alice, room, TEXT)
    judge(again)

    assert (again.status, again.reason) == ("HELD", "review")
    rule(again, Outcome.ALLOW)
