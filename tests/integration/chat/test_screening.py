"""From the queue to the room: claims, verdicts, edits, rulings."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from moderado.chat.events import AuthorNotified, Notice, RoomsChanged
from moderado.chat.models import Message, Revision, Room
from moderado.chat.services import claims, screening, verdicts
from moderado.chat.services import remote as remote_calls
from moderado.chat.services.editing import edit_message
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.core.metrics import VERDICTS
from moderado.moderation.events import CaseDecided
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Outcome
from tests.factories import make_member, make_room
from tests.providers import Obedient, Remote

pytestmark = pytest.mark.django_db


def post(author, room, text="bom dia"):
    view = post_message(author_id=author.id, room_id=room.id, text=text).view
    return Message.objects.get(pk=view.id)


def judge(*messages):
    screening.screen_waiting()
    for message in messages:
        message.refresh_from_db()


def edit(message, text):
    view = edit_message(actor_id=message.author_id, message_id=message.id, text=text)
    message.refresh_from_db()
    return view


def age(**ago):
    Message.objects.update(queued_at=timezone.now() - timedelta(**ago))


@pytest.mark.parametrize(
    ("text", "status", "seq"),
    [
        ("bom dia", "APPROVED", 1),
        ("FLAG this", "APPROVED", 1),
        ("HOLD this", "HELD", 0),
        ("BLOCK this", "REJECTED", 0),
    ],
)
def test_a_verdict_settles_its_message(alice, room, text, status, seq):
    message = post(alice, room, text)

    judge(message)

    assert (message.status, message.seq, message.queued_at) == (status, seq, None)
    room.refresh_from_db()
    assert room.seq == seq


def test_approved_messages_take_the_next_numbers_in_the_order_they_queued(alice, bob, room, heard):
    messages = [post(author, room, f"{n}") for n, author in enumerate([alice, bob, alice])]

    judge(*messages)

    assert [(m.position, m.seq) for m in messages] == [(1, 1), (2, 2), (3, 3)]
    assert all(m.published_at for m in messages)


def test_one_batch_is_one_event_a_room(alice, heard, django_capture_on_commit_callbacks):
    rooms = [make_room(), make_room()]
    for room in rooms * 2:
        post(alice, room)

    with django_capture_on_commit_callbacks(execute=True):
        judge()

    (changed,) = [event.rooms for event in heard if isinstance(event, RoomsChanged)]
    assert {each.room_id for each in changed} == {room.id for room in rooms}
    assert [[change.seq for change in each.changes] for each in changed] == [[1, 2], [1, 2]]


def test_the_author_of_a_blocked_message_is_told_why_and_the_room_nothing(
    alice, room, heard, django_capture_on_commit_callbacks
):
    post(alice, room, "BLOCK this")
    with django_capture_on_commit_callbacks(execute=True):
        judge()

    (told,) = heard
    assert isinstance(told, AuthorNotified)
    assert (told.notice, told.author_id) == (Notice.REJECTED, alice.id)
    assert (told.view.reason, told.view.categories) == ("policy", ("harassment",))


def test_every_verdict_is_logged(alice, room):
    message = post(alice, room, "BLOCK this")

    judge(message)

    line = ModerationLog.objects.get(subject_id=message.id)
    assert (line.verdict, line.provider, line.revision) == ("BLOCK", "obedient", 1)
    assert line.score == pytest.approx(0.9)
    assert line.scope_id == room.id
    assert line.policy_version


@pytest.mark.parametrize(("word", "origin"), [("HOLD", "hold"), ("FLAG", "flag")])
def test_what_a_person_must_see_opens_a_case(alice, room, word, origin):
    message = post(alice, room, f"{word} this")

    judge(message)

    case = Case.objects.get(subject_id=message.id)
    assert (case.origin, case.state, case.scope_id) == (origin, "open", room.id)


def test_judging_twice_changes_nothing(alice, room):
    message = post(alice, room)

    judge(message)
    judge(message)

    assert message.seq == 1
    assert Obedient.asked == ["bom dia"]


def test_an_edit_of_a_hidden_message_replaces_it(alice, room):
    message = post(alice, room, "BLOCK this")
    judge(message)

    edit(message, "better words")

    assert (message.text, message.revision, message.status) == ("better words", 2, "PENDING")
    assert Revision.objects.get().text == "BLOCK this"
    judge(message)
    assert (message.status, message.seq) == ("APPROVED", 1)


def test_an_edit_of_a_visible_message_waits_beside_it(alice, room):
    message = post(alice, room)
    judge(message)

    view = edit(message, "boa tarde")

    assert (message.text, message.status, message.edit_status) == ("bom dia", "APPROVED", "PENDING")
    assert (view.content, view.edit.content, view.edit.revision) == ("bom dia", "boa tarde", 2)
    judge(message)
    assert (message.text, message.revision, message.edit_status) == ("boa tarde", 2, None)
    assert (message.position, message.seq) == (1, 2)
    assert [r.text for r in Revision.objects.all()] == ["bom dia"]


@pytest.mark.parametrize(("word", "status"), [("BLOCK", "REJECTED"), ("HOLD", "HELD")])
def test_a_refused_edit_leaves_what_is_visible(
    alice, room, word, status, heard, django_capture_on_commit_callbacks
):
    message = post(alice, room)
    judge(message)
    with django_capture_on_commit_callbacks(execute=True):
        edit(message, f"{word} this")
        judge(message)

    assert (message.text, message.status, message.seq) == ("bom dia", "APPROVED", 1)
    assert message.edit_status == status
    assert heard[-1].view.edit.status == status
    assert heard[-1].view.content == "bom dia"
    assert not [event for event in heard if isinstance(event, RoomsChanged)]


def test_an_edit_after_a_refused_one_has_a_number_of_its_own(alice, room):
    message = post(alice, room)
    judge(message)
    edit(message, "BLOCK this")
    judge(message)

    edit(message, "boa noite")
    judge(message)

    assert (message.text, message.revision) == ("boa noite", 3)
    revisions = ModerationLog.objects.filter(subject_id=message.id)
    assert sorted(revisions.values_list("revision", flat=True)) == [1, 2, 3]


def test_in_mode_post_a_blocked_message_is_removed_for_others(
    alice, heard, django_capture_on_commit_callbacks
):
    room = make_room(moderation_mode="post")
    with django_capture_on_commit_callbacks(execute=True):
        message = post(alice, room, "BLOCK this")
        judge(message)

    assert (message.status, message.seq, message.position) == ("REJECTED", 2, 1)
    rooms = [r for e in heard if isinstance(e, RoomsChanged) for r in e.rooms]
    changes = [change for room in rooms for change in room.changes]
    assert [(c.kind, c.seq) for c in changes] == [("published", 1), ("removed", 2)]
    assert (changes[1].view.content, changes[1].view.status) == ("", "REMOVED")


def test_in_mode_post_a_blocked_edit_is_taken_back(alice):
    room = make_room(moderation_mode="post")
    message = post(alice, room)
    judge(message)
    edit(message, "BLOCK this")
    assert (message.text, message.status) == ("BLOCK this", "APPROVED")

    judge(message)

    assert (message.text, message.revision, message.status) == ("bom dia", 1, "APPROVED")
    assert (message.edit_text, message.edit_status) == ("BLOCK this", "REJECTED")
    edit(message, "third")
    assert message.revision == 3


def test_in_mode_post_what_comes_back_without_a_verdict_is_judged_in_its_turn(alice):
    room = make_room(moderation_mode="post")
    message = post(alice, room, "BLOCK first")
    edit(message, "BLOCK second")

    judge(message)

    assert (message.seq, message.status) == (4, "REJECTED")
    judged = ModerationLog.objects.filter(subject_id=message.id).values_list("revision", flat=True)
    assert sorted(judged) == [1, 2]


def test_no_text_that_was_ever_there_is_lost_to_the_moderators(alice):
    message = post(alice, make_room(moderation_mode="post"), "BLOCK first")
    for text in ("BLOCK second", "BLOCK third"):
        edit(message, text)
    judge(message)
    delete_message(actor_id=alice.id, message_id=message.id)
    message.refresh_from_db()

    kept = set(message.revisions.values_list("text", flat=True))
    assert {message.text} | kept == {"BLOCK first", "BLOCK second", "BLOCK third"}


def test_a_deleted_message_is_not_judged(alice, room):
    message = post(alice, room)

    delete_message(actor_id=alice.id, message_id=message.id)
    judge(message)

    assert (message.status, message.seq, Obedient.asked) == ("REMOVED", 0, [])


def test_deleting_a_visible_message_leaves_a_tombstone(alice, room):
    message = post(alice, room)
    judge(message)

    view = delete_message(actor_id=alice.id, message_id=message.id)
    again = delete_message(actor_id=alice.id, message_id=message.id)

    assert (view.content, view.status, view.seq) == ("", "REMOVED", 2)
    assert again == view


def ruling(message, outcome, revision=None):
    return CaseDecided(
        case_id=message.id,
        subject_type="message",
        subject_id=message.id,
        revision=revision or message.revision,
        outcome=outcome,
        actor_id=message.author_id,
    )


@pytest.mark.parametrize(
    ("word", "outcome", "status", "seq"),
    [
        ("HOLD", Outcome.ALLOW, "APPROVED", 1),
        ("HOLD", Outcome.BLOCK, "REJECTED", 0),
        ("FLAG", Outcome.BLOCK, "REJECTED", 2),
        ("BLOCK", Outcome.ALLOW, "APPROVED", 1),
    ],
)
def test_a_ruling_stands_over_the_machine(alice, room, word, outcome, status, seq):
    message = post(alice, room, f"{word} this")
    judge(message)

    verdicts.apply_ruling(ruling(message, outcome))

    message.refresh_from_db()
    assert (message.status, message.seq) == (status, seq)


def test_a_ruling_on_an_older_text_changes_nothing(alice, room):
    message = post(alice, room, "HOLD this")
    judge(message)
    edit(message, "new words")

    verdicts.apply_ruling(ruling(message, Outcome.BLOCK, revision=1))

    message.refresh_from_db()
    assert message.status == "PENDING"


def test_a_ruling_on_a_held_edit_shows_it(alice, room):
    message = post(alice, room)
    judge(message)
    edit(message, "HOLD this")
    judge(message)

    verdicts.apply_ruling(ruling(message, Outcome.ALLOW, revision=2))

    message.refresh_from_db()
    assert (message.text, message.status, message.seq) == ("HOLD this", "APPROVED", 2)


def test_a_flood_in_one_room_does_not_delay_another(alice):
    loud, quiet = make_room(), make_room()
    for n in range(30):
        post(alice, loud, str(n))
    last = post(alice, quiet)

    with transaction.atomic():
        claimed = claims.Claimant().claim(limit=10)

    assert last.id in {message.id for message in claimed}


def test_with_more_rooms_than_places_every_room_has_its_turn(alice):
    for _ in range(7):
        post(alice, make_room())
    claimant, seen = claims.Claimant(), set()

    for _ in range(4):
        with transaction.atomic():
            seen |= {message.room_id for message in claimant.claim(limit=2)}

    assert len(seen) == 7


def test_those_at_the_end_of_the_round_have_no_more_than_their_share(alice):
    """A round ends in the middle of a batch: who comes after the last shares with the first."""
    for room in [make_room() for _ in range(3)]:
        for n in range(4):
            post(alice, room, str(n))
    claimant, batches = claims.Claimant(), []

    for _ in range(3):
        with transaction.atomic():
            batches.append([message.room_id for message in claimant.claim(limit=2)])

    first, second, third = sorted(set(itertools.chain(*batches)))
    assert [sorted(batch) for batch in batches] == [
        [first, second],
        [first, third],
        [second, third],
    ]


def test_rooms_of_which_others_hold_everything_have_had_their_turn(alice):
    held, free = sorted([make_room(), make_room()], key=lambda room: room.id)
    for room in (held, free):
        post(alice, room)
    Message.objects.filter(room=held).update(lease_until=timezone.now() + timedelta(hours=1))
    claimant = claims.Claimant()

    with transaction.atomic():
        assert claimant.claim(limit=1) == []
    with transaction.atomic():
        (message,) = claimant.claim(limit=1)
    assert message.room_id == free.id


def test_a_batch_is_claimed_logged_and_settled_in_a_statement_each(alice):
    rooms = [make_room(), make_room()]
    for room in rooms:
        post(alice, room)
        post(alice, room, "BLOCK this")

    with CaptureQueriesContext(connection) as queries:
        assert screening._screen_batch() == 4

    statements = [query["sql"] for query in queries if "SAVEPOINT" not in (query["sql"] or "")]
    assert len(statements) == 3


def test_of_one_batch_only_what_is_public_takes_numbers(alice, bob, room):
    """One is shown, one refused, one edited, in a room with a past, and one shown elsewhere."""
    seen = post(alice, room)
    judge(seen)
    edit(seen, "boa tarde")
    refused, shown = post(bob, room, "BLOCK this"), post(bob, room, "boa noite")
    elsewhere = post(bob, make_room())

    judge(seen, refused, shown, elsewhere)

    room.refresh_from_db()
    assert room.seq == 3
    assert (seen.text, seen.position, seen.seq) == ("boa tarde", 1, 2)
    assert (refused.position, refused.seq) == (1, 0)
    assert (shown.position, shown.seq) == (3, 3)
    assert (elsewhere.position, elsewhere.seq) == (1, 1)


def test_every_verdict_is_counted(alice, room):
    counted = [VERDICTS.labels(outcome, "obedient") for outcome in ("ALLOW", "BLOCK")]
    before = [each._value.get() for each in counted]
    for text in ("um", "dois", "BLOCK this"):
        post(alice, room, text)

    judge()

    assert [each._value.get() - was for each, was in zip(counted, before, strict=True)] == [2, 1]


def test_the_sweep_judges_what_was_left_behind(alice, room):
    message = post(alice, room)
    assert screening.sweep() == 0

    age(seconds=10)
    assert screening.sweep() == 1

    message.refresh_from_db()
    assert message.status == "APPROVED"


def test_a_web_server_whose_clock_is_ahead_delays_nothing(alice, room):
    message = post(alice, room)
    Message.objects.update(queued_at=timezone.now() + timedelta(minutes=5))

    judge(message)

    assert message.status == "APPROVED"


def test_what_five_tries_did_not_judge_is_held_never_approved(alice, room):
    poison = post(alice, room)
    Message.objects.update(attempts=5)
    age(hours=1)

    screening.sweep()

    poison.refresh_from_db()
    assert (poison.status, poison.reason) == ("HELD", "unjudged")
    assert Obedient.asked == []


def test_waiting_alone_counts_as_no_try(alice, room):
    message = post(alice, room)
    age(days=1)

    judge(message)

    assert message.status == "APPROVED"


def test_a_message_that_kills_its_worker_ends_alone(alice, room, settings, monkeypatch):
    class Fatal(BaseException):
        pass

    good = [post(alice, room, f"good {n}") for n in range(3)]
    poison = post(alice, room, "POISON")
    original = Obedient.assess

    def assess(self, contents):
        if any("POISON" in content.text for content in contents):
            raise Fatal
        return original(self, contents)

    monkeypatch.setattr(Obedient, "assess", assess)
    for _ in range(6):
        age(seconds=10)
        Message.objects.update(lease_until=None)
        try:
            screening.sweep()
        except Fatal:
            continue

    statuses = set(Message.objects.exclude(pk=poison.pk).values_list("status", flat=True))
    poison.refresh_from_db()
    assert statuses == {"APPROVED"}
    assert len(good) == 3
    assert (poison.status, poison.reason) == ("HELD", "unjudged")


@pytest.mark.django_db(transaction=True)
def test_two_workers_given_the_same_messages_fifty_times_judge_each_once():
    member = make_member()
    for n in range(20):
        post(member.user, member.room, str(n))

    def work():
        try:
            for _ in range(25):
                screening.screen_waiting()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(Obedient.asked, key=int) == [str(n) for n in range(20)]
    assert sorted(Message.objects.values_list("seq", flat=True)) == list(range(1, 21))
    assert Room.objects.get(pk=member.room_id).seq == 20
    assert ModerationLog.objects.count() == 20


@pytest.fixture
def remote(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    Remote.asked.clear()
    Remote.waiting.clear()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("remote")
class TestRemote:
    def test_a_remote_verdict_is_applied(self):
        member = make_member()
        shown, refused = (post(member.user, member.room, text) for text in ("oi", "BLOCK it"))

        judge(shown, refused)

        assert (shown.status, refused.status) == ("APPROVED", "REJECTED")

    def test_a_provider_that_fails_approves_nothing(self):
        member = make_member()
        message = post(member.user, member.room, "FAIL")

        judge(message)

        assert (message.status, message.reason) == ("HELD", "unjudged")

    def test_no_lock_is_held_and_others_are_judged_while_one_answer_is_awaited(self):
        slow_one, other = make_member(), make_member()
        slow = post(slow_one.user, slow_one.room, "WAIT")
        worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
        worker.start()
        _until(lambda: Remote.waiting)

        quick = post(other.user, other.room)
        _until(lambda: Message.objects.get(pk=quick.pk).status == "APPROVED")
        edit(slow, "changed meanwhile")
        Remote.waiting[0]()
        worker.join(20)

        slow.refresh_from_db()
        assert (slow.status, slow.revision, slow.seq) == ("APPROVED", 2, 1)
        assert Remote.asked.count("WAIT") == 1

    def test_a_provider_that_is_busy_is_asked_again_later_and_not_for_ever(self):
        member = make_member()
        message = post(member.user, member.room, "BUSY")

        judge(message)
        assert (message.status, message.lease_until is None) == ("PENDING", False)
        for _ in range(4):
            Message.objects.update(lease_until=None)
            age(seconds=10)
            screening.sweep()

        message.refresh_from_db()
        assert (message.status, message.reason) == ("HELD", "unjudged")
        assert len(Remote.asked) == 5

    def test_a_worker_that_died_while_it_asked_is_not_followed_by_a_second_bill(self):
        member = make_member()
        message = post(member.user, member.room, "WAIT")
        worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
        worker.start()
        _until(lambda: Remote.waiting)

        Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        age(seconds=10)
        screening.sweep()
        message.refresh_from_db()
        assert (message.status, message.reason) == ("HELD", "unjudged")
        Remote.waiting[0]()
        worker.join(20)

        message.refresh_from_db()
        assert (message.status, Remote.asked) == ("HELD", ["WAIT"])
        assert ModerationLog.objects.filter(subject_id=message.id).count() == 1

    def test_a_lease_is_kept_alive_while_the_answer_is_awaited(self, monkeypatch):
        monkeypatch.setattr(remote_calls, "LEASE", 1.0)
        monkeypatch.setattr(remote_calls, "RENEW", 0.05)
        member = make_member()
        message = post(member.user, member.room, "WAIT")
        worker = threading.Thread(target=lambda: (screening.screen_waiting(), connection.close()))
        worker.start()
        _until(lambda: Remote.waiting)
        first = Message.objects.get().lease_until

        _until(lambda: Message.objects.get().lease_until > first)
        Remote.waiting[0]()
        worker.join(20)

        message.refresh_from_db()
        assert message.status == "APPROVED"

    def test_a_stale_lease_changes_nothing(self):
        member = make_member()
        message = post(member.user, member.room)
        with transaction.atomic():
            ours = claims.lease(claims.Claimant().claim(), seconds=45)
        Message.objects.update(fence=message.fence + 2)

        with transaction.atomic():
            assert claims.retake(ours) == []


def _until(condition, seconds=10):
    deadline = threading.Event()
    timer = threading.Timer(seconds, deadline.set)
    timer.start()
    try:
        while not condition():
            assert not deadline.wait(0.01), "did not happen in time"
    finally:
        timer.cancel()
