"""A purge removes an author's latest messages, and brings them back as they were."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.accounts.models import User
from moderado.chat.errors import NoSuchRoom, NotAllowedInRoom
from moderado.chat.events import Notice
from moderado.chat.models import Membership, Message, Room
from moderado.chat.projection import own_view
from moderado.chat.selectors.feed import changes
from moderado.chat.selectors.own_changes import own_changes
from moderado.chat.services import notices, purge_requests, purging
from moderado.chat.services.erased_messages import erase_batch
from moderado.chat.services.removing import delete_message
from moderado.core import failpoints
from moderado.core.errors import Forbidden, Invalid, NotFound
from moderado.core.failpoints import FailpointReached
from moderado.core.ids import new_id
from moderado.enforcement.errors import NotAppealable, RulingReplaced
from moderado.enforcement.events import PersonNotice, PersonNotified
from moderado.enforcement.models import AuditLine, Purge
from moderado.enforcement.selectors.decisions import decisions_about
from moderado.enforcement.services import purges
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.erasable import erase_texts_of
from moderado.enforcement.services.hash_bank import bank_message
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.enforcement.types import Actor, AppealOutcome
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case, ModerationLog
from tests.factories import make_member, make_room, make_staff, make_user
from tests.integration.chat.steps import edit, judge, post, wait_until_settled
from tests.processes import wait_until
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("obedient_provider")]

PURGING = ("purge_messages", "reverse_ruling")


@pytest.fixture
def raider(room):
    return make_member(room).user


@pytest.fixture
def staff():
    return staff_actor(*PURGING)


def hour_ago():
    return timezone.now() - timedelta(hours=1)


def start(actor, user, **fields):
    wanted = {"since": hour_ago(), "reason": "spam", **fields}
    purge, _is_new = purge_requests.start_purge(actor=actor, user_id=user.id, **wanted)
    return purge


def run():
    """Continue all purges to their end, which a transaction of an earlier test may delay."""

    def is_over():
        while purging.run_slice():
            pass
        return not Purge.objects.filter(state__in=purges.UNFINISHED).exists()

    wait_until(is_over, what="end of the purges")


def ban(user, room):
    with transaction.atomic():
        apply_sanction(
            actor_id=None, user_id=user.id, kind="ban", scope_id=room.id, term=None, reason="spam"
        )


def done(actor, user, **fields):
    purge = start(actor, user, **fields)
    run()
    purge.refresh_from_db()
    return purge


def reverse(actor, purge):
    purges.reverse_purge(actor=actor, purge_id=purge.id, reason="mistake")
    run()
    purge.refresh_from_db()
    return purge


def rows(author):
    """What a message is, without what only counts its changes."""
    hidden = {"seq", "queued_at", "lease_until", "fence", "attempts", "_state"}
    found = Message.objects.filter(author=author).order_by("id")
    return [{n: v for n, v in vars(each).items() if n not in hidden} for each in found]


@pytest.mark.proves("R111")
def test_messages_of_every_status_are_removed_and_come_back_as_they_were(room, raider, staff):
    shown, held = post(raider, room, "bom dia"), post(raider, room, "HOLD isto")
    judge(shown, held)
    edit(shown, "HOLD de novo")
    judge(shown)
    refused = post(raider, room, "BLOCK")
    judge(refused)
    post(raider, room, "ainda espera")
    other = post(make_member(room).user, room, "oi")
    before = rows(raider)
    case_states = list(Case.objects.order_by("id").values_list("id", "state"))

    purge = done(staff, raider)

    assert (purge.state, purge.matched, purge.removed) == ("done", 3, 3)
    statuses = list(Message.objects.filter(author=raider).values_list("status", flat=True))
    assert sorted(statuses) == ["REJECTED", "REMOVED", "REMOVED", "REMOVED"]
    other.refresh_from_db()
    assert other.status == "PENDING"
    assert not Case.objects.filter(author=raider, state="open").exists()
    judge(other)
    assert not Message.objects.filter(author=raider, status="APPROVED").exists()

    purge = reverse(staff, purge)

    assert (purge.state, purge.restored) == ("reversed", 3)
    assert rows(raider) == before
    assert list(Case.objects.order_by("id").values_list("id", "state")) == case_states
    judge()
    assert Message.objects.filter(author=raider, status="APPROVED").count() == 2


@pytest.mark.proves("R111")
def test_each_message_has_a_line_of_the_log_and_of_the_audit(room, raider, staff):
    messages = [post(raider, room) for _ in range(3)]
    judge(*messages)
    purge = done(staff, raider)
    reverse(staff, purge)

    for message in messages:
        lines = ModerationLog.objects.filter(subject_id=message.id, actor=staff.id)
        steps = lines.order_by("id").values_list("decided_by", "verdict")
        assert list(steps) == [("purged", "BLOCK"), ("restored", "ALLOW")]
        audit = AuditLine.objects.filter(subject_id=message.id, actor=staff.id).order_by("id")
        actions = list(audit.values_list("action", flat=True))
        assert actions == ["message_purged", "message_restored"]
    whole = AuditLine.objects.filter(subject_id=purge.id).order_by("id")
    assert list(whole.values_list("action", flat=True)) == [
        "purge_started", "purge_done", "purge_reversal_started", "purge_reversed",
    ]  # fmt: skip


@pytest.mark.proves("R111")
def test_interrupted_purge_goes_on_behind_its_last_batch(room, raider, staff, monkeypatch):
    judge(*(post(raider, room) for _ in range(5)))
    monkeypatch.setattr(purging, "BATCH", 2)
    purge = start(staff, raider)
    batches = []

    def dies(name):
        batches.append(name)
        if len(batches) == 2:
            raise FailpointReached(name)

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "reach", dies)
        with pytest.raises(FailpointReached):
            purging.run_slice()
    assert Message.objects.filter(status="REMOVED").count() == 2
    assert not purging.run_slice()  # leased by the worker that died
    Purge.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    run()

    purge.refresh_from_db()
    assert (purge.state, purge.removed) == ("done", 5)
    assert ModerationLog.objects.filter(decided_by="purged").count() == 5
    room.refresh_from_db()
    feed = changes(reader_id=raider.id, room_id=room.id, after=0, epoch=None, language="en")
    assert [view.seq for view in feed.messages] == list(range(6, 11))
    assert {view.sweep for view in feed.messages} == {purge.id}


@pytest.mark.proves("R111")
def test_worker_that_lost_its_lease_stores_nothing(room, raider, staff):
    judge(post(raider, room))
    start(staff, raider)
    slow = purges.claim_purge()
    Purge.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    run()

    assert purging._remove_batch(slow) is False
    assert ModerationLog.objects.filter(decided_by="purged").count() == 1


@pytest.mark.proves("R312")
@pytest.mark.parametrize(("reason", "named"), [("spam", ["spam"]), ("varreu a sala", [])])
def test_purged_messages_name_the_category(room, raider, staff, reason, named):
    message = post(raider, room, "FLAG isto")
    judge()
    before = ["insult"]
    Message.objects.filter(pk=message.id).update(categories=before)
    purge = done(staff, raider, reason=reason)

    removed = Message.objects.select_related("author").get(pk=message.id)
    assert removed.categories == named
    said = own_view(removed, language="en").explanation
    assert said == "A moderator removed this message." + (" Reason: spam." if named else "")
    reverse(staff, purge)
    removed.refresh_from_db()
    assert removed.categories == before


def test_reversal_stops_a_running_purge(room, raider, staff, monkeypatch):
    judge(*(post(raider, room) for _ in range(4)))
    monkeypatch.setattr(purging, "BATCH", 2)
    purge = start(staff, raider)
    purging._remove_batch(purges.claim_purge())

    reverse(staff, purge)

    assert Message.objects.filter(status="APPROVED").count() == 4
    with pytest.raises(RulingReplaced):
        purges.reverse_purge(actor=staff, purge_id=purge.id, reason="again")


@pytest.mark.proves("R111")
def test_what_was_erased_or_deleted_by_its_author_since_stays_away(room, raider, staff):
    kept, deleted, erased = (post(raider, room) for _ in range(3))
    judge(kept, deleted, erased)
    purge = done(staff, raider)
    delete_message(actor_id=raider.id, message_id=deleted.id)
    Message.objects.filter(pk=erased.pk).update(text="")

    purge = reverse(staff, purge)

    assert purge.restored == 1
    assert list(Message.objects.filter(status="APPROVED")) == [kept]


@pytest.mark.proves("S164", "R193")
def test_what_was_ordered_away_since_stays_away(room, raider, staff, monkeypatch):
    ordered = post(raider, room, "a casa dela fica na rua das flores, número 12")
    kept = post(raider, room)
    judge(ordered, kept)
    purge = done(staff, raider)
    bank_message(actor_id=None, message_id=ordered.id, order="Processo 12")
    published = []
    monkeypatch.setattr(notices, "publish", published.append)

    assert reverse(staff, purge).restored == 1
    assert [(each.notice, each.view.id) for each in published] == [(Notice.PUBLISHED, kept.id)]
    assert list(Message.objects.filter(status="APPROVED")) == [kept]


@pytest.mark.proves("R111")
def test_what_its_author_deletes_while_banned_stays_away(room, raider, staff):
    deleted = post(raider, room)
    judge(deleted)
    purge = done(staff, raider)
    ban(raider, room)

    assert delete_message(actor_id=raider.id, message_id=deleted.id).status == "REMOVED"

    assert reverse(staff, purge).restored == 0


@pytest.mark.proves("R111")
def test_erased_account_does_not_come_back(room, raider, staff):
    judge(post(raider, room), post(raider, room))
    purge = done(staff, raider, public_note="Propaganda.")
    erase_batch(author_id=raider.id, sweep_id=new_id())
    erase_texts_of(user_id=raider.id, kept_subjects=())

    purge = reverse(staff, purge)

    purge.refresh_from_db()
    assert (purge.restored, purge.public_note) == (0, "")
    assert not Message.objects.exclude(status="REMOVED").exists()


@pytest.mark.proves("R111")
def test_author_is_told_once_and_appeals(
    room, raider, staff, heard, django_capture_on_commit_callbacks
):
    judge(*(post(raider, room) for _ in range(3)))
    with django_capture_on_commit_callbacks(execute=True):
        purge = done(staff, raider, public_note="Propaganda em várias salas.")

    told = [each for each in heard if isinstance(each, PersonNotified)]
    assert [each.notice for each in told] == [PersonNotice.MESSAGES_PURGED]
    (decision,) = (each.view for each in decisions_about(raider.id))
    assert (decision.id, decision.type, decision.outcome) == (purge.id, "purge", "removed")
    assert (decision.reason, decision.public_note) == ("spam", "Propaganda em várias salas.")
    assert decision.appealable

    appeal, _ = appeal_decision(user_id=raider.id, decision_id=purge.id, text="Não era.")
    judge_of_appeal = Actor(id=make_user().id, scope_ids=None)
    with django_capture_on_commit_callbacks(execute=True):
        decide_appeal(
            actor=judge_of_appeal, appeal_id=appeal.id, outcome=AppealOutcome.OVERTURNED, reason="-"
        )
        run()

    assert Message.objects.filter(status="APPROVED").count() == 3
    notices = [each.notice for each in heard if isinstance(each, PersonNotified)]
    assert notices[1:] == [PersonNotice.APPEAL_DECIDED, PersonNotice.DECISION_REVERSED]
    (decision,) = (each.view for each in decisions_about(raider.id))
    assert decision.is_reversed


@pytest.mark.proves("R187")
@pytest.mark.django_db(transaction=True)
def test_purge_is_reversed_for_its_author_when_all_messages_are_back(room, raider, staff):
    judge(*(post(raider, room) for _ in range(3)))
    purge = done(staff, raider)
    wait_until_settled()
    seen = own_changes(author_id=raider.id, after=None, language="en").me.cursor
    purges.reverse_purge(actor=staff, purge_id=purge.id, reason="mistake")

    wait_until_settled()
    (meanwhile,) = own_changes(author_id=raider.id, after=seen, language="en").decisions
    with pytest.raises(NotAppealable):
        appeal_decision(user_id=raider.id, decision_id=purge.id, text="Não era.")
    run()
    (decision,) = (each.view for each in decisions_about(raider.id))

    states = [(each.is_reversed, each.is_being_reversed) for each in (meanwhile, decision)]
    assert states == [(False, True), (True, False)]
    assert "being reversed" in meanwhile.explanation
    assert not meanwhile.appealable


def test_preview_counts_by_room_and_status_and_changes_nothing(room, raider, staff):
    second = make_room()
    make_member(second, user=raider)
    judge(post(raider, room, "bom dia"), post(raider, second, "HOLD"))
    post(raider, room, "por último")
    post(make_member(room).user, room)

    preview = purge_requests.preview_purge(actor=staff, user_id=raider.id, since=hour_ago())

    assert {(each["room"], each["status"], each["count"]) for each in preview.counts} == {
        (str(room.id), "APPROVED", 1),
        (str(room.id), "PENDING", 1),
        (str(second.id), "HELD", 1),
    }
    assert preview.sample[0].content == "por último"
    assert not Message.objects.filter(status="REMOVED").exists()
    assert Purge.objects.count() == 0


def test_older_and_later_messages_and_other_rooms_stay(room, raider, staff):
    second = make_room()
    make_member(second, user=raider)
    old, other = post(raider, room), post(raider, second)
    Message.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=2))
    inside = post(raider, room)
    start(staff, raider, room_id=room.id)
    later = post(raider, room)

    run()

    removed = set(Message.objects.filter(status="REMOVED"))
    assert removed == {inside}
    assert {old, other, later} == set(Message.objects.exclude(status="REMOVED"))


def moderator(room, role=Membership.Role.MODERATOR):
    user = make_member(room, role=role).user
    return Actor(id=user.id, scope_ids=[room.id])


@pytest.mark.proves("R111")
def test_moderator_of_a_room_purges_it_alone_and_nobody_of_their_rank(room, raider):
    second = make_room()
    make_member(second, user=raider)
    inside, outside = post(raider, room), post(raider, second)
    mira = moderator(room)

    purge = done(mira, raider)

    inside.refresh_from_db()
    outside.refresh_from_db()
    assert (inside.status, outside.status, purge.scope_id) == ("REMOVED", "PENDING", room.id)
    with pytest.raises(NoSuchRoom):
        start(mira, raider, room_id=second.id)
    with pytest.raises(NotAllowedInRoom):
        start(mira, make_member(room, role=Membership.Role.ADMIN).user)
    with pytest.raises(OwnCase):
        start(mira, User.objects.get(pk=mira.id))
    with pytest.raises(Forbidden):
        start(mira, make_member(room, user=make_staff()).user)
    with pytest.raises(NotFound):
        purges.get_purge(actor=moderator(second), purge_id=purge.id)


def test_administrator_of_a_room_purges_its_moderators(room):
    author = make_member(room, role=Membership.Role.MODERATOR).user
    post(author, room)

    assert done(moderator(room, Membership.Role.ADMIN), author).removed == 1


def test_staff_do_not_purge_those_with_more_rights(room, staff):
    operator = make_member(room, user=make_staff("add_queue")).user
    with pytest.raises(Forbidden):
        start(staff, operator)


@pytest.mark.parametrize("ago", [timedelta(hours=-1), timedelta(hours=169)])
def test_moment_is_within_the_hours_that_are_set(raider, staff, ago):
    with pytest.raises(Invalid):
        start(staff, raider, since=timezone.now() - ago)


@pytest.mark.proves("R111")
def test_purge_stops_when_the_moderator_loses_the_right(room, raider, monkeypatch):
    monkeypatch.setattr(purging, "BATCH", 2)
    judge(*(post(raider, room) for _ in range(4)))
    mira = moderator(room)
    purge = start(mira, raider)
    purging._remove_batch(purges.claim_purge())
    Membership.objects.filter(user=mira.id).update(role="MEMBER")
    Purge.objects.update(lease_until=None)

    run()

    purge.refresh_from_db()
    assert (purge.state, purge.removed) == ("stopped", 2)


def test_deleted_room_is_left_alone(room, raider, staff):
    message = post(raider, room)
    judge(message)
    purge = done(staff, raider)
    Room.objects.filter(pk=room.pk).update(deleted_at=timezone.now())

    assert reverse(staff, purge).restored == 0
