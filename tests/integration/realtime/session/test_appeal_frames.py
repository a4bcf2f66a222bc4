"""Frames that tell moderators of appeals: to those who may decide each, and to no one else."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from moderado.chat.models import Message
from moderado.chat.services.posting import post_message
from moderado.chat.services.purge_requests import start_purge
from moderado.chat.services.purging import run_slice
from moderado.chat.services.removing import delete_message
from moderado.chat.services.screening import screen_waiting
from moderado.enforcement.models import Appeal, Queue, Report
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeal_reminders import remind_of_appeals
from moderado.enforcement.services.appeal_texts import erase_appeals
from moderado.enforcement.services.appeals import appeal_decision, appeal_report
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.claiming import escalate_case
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal, rule
from moderado.enforcement.types import Actor, AppealOutcome, ContentOutcome
from moderado.moderation.models import Case, ModerationLog
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests import factories
from tests.integration.enforcement.steps import settle
from tests.integration.realtime.conftest import Cast
from tests.second_factor import confirm_all

pytestmark = pytest.mark.usefixtures("obedient_provider")

FRAMES = {"appeal_opened", "appeal_overdue", "appeal_closed"}

make_staff = run_in_db_thread(factories.make_staff)
make_user = run_in_db_thread(factories.make_user)
make_member = run_in_db_thread(factories.make_member)
confirm = run_in_db_thread(confirm_all)
decide = run_in_db_thread(decide_appeal)
remind = run_in_db_thread(remind_of_appeals)
complain = run_in_db_thread(report)
escalate = run_in_db_thread(escalate_case)


@run_in_db_thread
def ruled(
    *,
    author_id: UUID,
    room_id: UUID,
    actor_id: UUID,
    content: ContentOutcome = ContentOutcome.REMOVE,
    text: str = "bom dia",
) -> Message:
    """Let a moderator rule on a message that a person has reported; the message."""
    view = post_message(author_id=author_id, room_id=room_id, text=text).view
    screen_waiting()
    reporter = factories.make_user()
    found, _ = report(
        reporter_id=reporter.id, subject_type="message", subject_id=view.id, category="hate"
    )
    rule(
        actor=Actor(id=actor_id, scope_ids=None),
        case_id=found.case_id,
        proposal=Proposal(content=content, reason="hate"),
    )
    settle()
    return Message.objects.get(pk=view.id)


@run_in_db_thread
def appeal(*, user_id: UUID, message: Message | None = None, decision_id: UUID | None = None):
    """Appeal a decision, or the ruling about a message."""
    if message is not None:
        decision_id = Report.objects.get(subject_id=message.pk).ruling_id
    return appeal_decision(user_id=user_id, decision_id=decision_id, text="Why?")[0]


@run_in_db_thread
def appeal_no_action(message: Message) -> Appeal:
    made = Report.objects.get(subject_id=message.pk)
    return appeal_report(user_id=made.reporter_id, report_id=made.pk, text="Why not?")[0]


@run_in_db_thread
def restrict(message: Message, *, category: str = "child_safety") -> Case:
    """Let a case about danger to children, or in another category, point at a message."""
    with transaction.atomic():
        return open_or_join(
            subject_type="message", subject_id=message.pk, revision=1, scope_id=message.room_id,
            author_id=message.author_id, origin=Case.Origin.NOTICE, categories=[category],
            text="bom dia",
        )  # fmt: skip


@run_in_db_thread
def remove(case: Case, *, actor_id: UUID) -> None:
    rule(
        actor=Actor(id=actor_id, scope_ids=None, sees_restricted=True),
        case_id=case.pk,
        proposal=Proposal(content=ContentOutcome.REMOVE, reason="hate"),
    )


@run_in_db_thread
def make_queue(**wanted: object) -> Group:
    """Create a queue for a new group alone."""
    queue = Queue.objects.create(name="q", position=0, filter=wanted)
    group = Group.objects.create(name="g")
    queue.groups.add(group)
    return group


@run_in_db_thread
def appeal_held_message(*, author_id: UUID, room_id: UUID) -> tuple[Appeal, Case]:
    """Let an author appeal a verdict: the appeal joins the open case."""
    view = post_message(author_id=author_id, room_id=room_id, text="HOLD bom dia").view
    screen_waiting()
    case = Case.objects.get(subject_id=view.id)
    line = ModerationLog.objects.filter(subject_id=view.id).latest("id")
    made = appeal_decision(user_id=author_id, decision_id=line.pk, text="Why?")[0]
    assert made.case_id == case.pk
    return made, case


@run_in_db_thread
def punish(**fields) -> UUID:
    return impose_sanction(
        scope_ids=None, kind="mute", scope_id=None, term=timedelta(days=1), reason="spam", **fields
    )[0].id


@run_in_db_thread
def let_time_pass(made: Appeal) -> None:
    Appeal.objects.filter(pk=made.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def told(client) -> list[dict]:
    return [frame for frame in client.heard if frame["type"] in FRAMES]


async def up_to_date(*clients) -> None:
    """Wait until each has what a look at PostgreSQL that has begun may tell it."""
    for client in clients:
        await client.up_to_date()


@pytest.mark.proves("R205", "S184")
async def test_who_may_decide_an_appeal_is_told_of_it_and_nobody_else(cast: Cast):
    room, elsewhere = await cast.room(), await cast.room()
    author = await cast.member(room)
    first = await cast.member(room, "ADMIN")
    moderator = await cast.join(await cast.member(room, "MODERATOR"))
    staff = await cast.join(await make_staff("view_appeal"))
    others = [
        await cast.join(first),
        await cast.join(author, room),
        await cast.join(await cast.member(room), room),
        await cast.join(await cast.member(elsewhere, "ADMIN")),
        await cast.join(await make_user(is_staff=True)),
        await cast.join(await make_staff("view_case")),
    ]
    message = await ruled(author_id=author.id, room_id=room.id, actor_id=first.id)

    made = await appeal(user_id=author.id, message=message)

    for client in (moderator, staff):
        frame = await client.next("appeal_opened")
        assert frame == {
            "type": "appeal_opened",
            "appeal": str(made.id),
            "decision_type": "ruling",
            "room": str(room.id),
            "case": None,
            "open_count": 1,
            "overdue_count": 0,
        }

    await let_time_pass(made)
    await remind()

    for client in (moderator, staff):
        frame = await client.next("appeal_overdue")
        assert (frame["appeal"], frame["overdue_count"]) == (str(made.id), 1)

    decider = await make_staff()
    await decide(
        actor=Actor(id=decider.id, scope_ids=None),
        appeal_id=made.id,
        outcome=AppealOutcome.UPHELD,
        reason="-",
    )

    for client in (moderator, staff):
        frame = await client.next("appeal_closed")
        assert (frame["appeal"], frame["open_count"]) == (str(made.id), 0)
    await up_to_date(*others)
    assert [told(client) for client in others] == [[]] * len(others)


@pytest.mark.proves("R205", "S184")
async def test_appeal_of_what_staff_decided_for_the_server_is_told_to_staff_alone(cast: Cast):
    room = await cast.room()
    person = await cast.member(room)
    first, other = await make_staff("view_appeal"), await make_staff("view_appeal")
    moderator, decider, staff = [
        await cast.join(each) for each in (await cast.member(room, "ADMIN"), first, other)
    ]
    sanction_id = await punish(actor_id=first.id, user_id=person.id)

    made = await appeal(user_id=person.id, decision_id=sanction_id)

    frame = await staff.next("appeal_opened")
    assert (frame["appeal"], frame["decision_type"]) == (str(made.id), "sanction")
    await up_to_date(moderator, decider)
    assert told(moderator) == told(decider) == []


@pytest.mark.proves("S184")
async def test_restricted_appeals_and_sessions_without_a_second_factor(cast: Cast, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    room = await cast.room()
    author, user, first = (
        await cast.member(room),
        await make_staff("view_appeal"),
        await make_staff(),
    )
    trusted = await make_staff("view_appeal", "view_restricted_case")
    staff, seeing = await cast.join(user), await cast.join(trusted)
    await confirm(user_id=trusted.id, actor_id=None)
    message = await ruled(author_id=author.id, room_id=room.id, actor_id=first.id)
    await restrict(message)

    made = await appeal(user_id=author.id, message=message)

    assert (await seeing.next("appeal_opened"))["appeal"] == str(made.id)
    await up_to_date(staff)
    assert told(staff) == []
    await confirm(user_id=user.id, actor_id=None)  # and a restricted one is not for them, either
    message = await ruled(author_id=author.id, room_id=room.id, actor_id=first.id, text="boa tarde")
    other = await appeal(user_id=author.id, message=message)
    frame = await staff.next("appeal_opened")
    assert (frame["appeal"], frame["open_count"]) == (str(other.id), 1)
    assert (await seeing.next("appeal_opened"))["open_count"] == 2


@pytest.mark.proves("R205")
async def test_moderator_who_becomes_a_party_drops_the_appeal(cast: Cast):
    room = await cast.room()
    author, first = await cast.member(room), await make_staff()
    user = await cast.member(room, "MODERATOR")
    moderator = await cast.join(user)
    colleague = await cast.join(await make_staff("view_appeal"))
    message = await ruled(
        author_id=author.id, room_id=room.id, actor_id=first.id, content=ContentOutcome.ALLOW
    )
    made = await appeal_no_action(message)
    assert (await moderator.next("appeal_opened"))["open_count"] == 1
    await colleague.next("appeal_opened")

    await complain(
        reporter_id=user.id, subject_type="message", subject_id=message.id, category="hate"
    )

    frame = await moderator.next("appeal_closed")
    assert (frame["appeal"], frame["open_count"]) == (str(made.id), 0)
    await up_to_date(colleague)
    assert [frame["type"] for frame in told(colleague)] == ["appeal_opened"]


@pytest.mark.proves("R212")
@pytest.mark.parametrize("step", ["reported", "removed"])
async def test_appeal_that_becomes_restricted_is_dropped_by_those_who_saw_it(cast: Cast, step):
    room = await cast.room()
    author, first = await cast.member(room), await make_staff()
    local = await cast.join(await cast.member(room, "MODERATOR"))
    staff = await cast.join(await make_staff("view_appeal"))
    trusted = await cast.join(await make_staff("view_appeal", "view_restricted_case"))
    shown = {"content": ContentOutcome.ALLOW} if step == "removed" else {}
    message = await ruled(author_id=author.id, room_id=room.id, actor_id=first.id, **shown)
    if step == "removed":  # others see the message, and with it what was decided about it
        case = await restrict(message)
        made = await appeal_no_action(message)
    else:
        made = await appeal(user_id=author.id, message=message)
    for client in (local, staff, trusted):
        assert (await client.next("appeal_opened"))["open_count"] == 1

    if step == "removed":
        await remove(case, actor_id=(await make_staff("decide_case")).id)
    else:
        await restrict(message)

    for client in (local, staff):
        frame = await client.next("appeal_closed")
        assert (frame["appeal"], frame["open_count"]) == (str(made.id), 0)
    await up_to_date(trusted)
    assert [frame["type"] for frame in told(trusted)] == ["appeal_opened"]


@pytest.mark.proves("R212")
async def test_appeal_whose_restricted_case_changes_is_no_news_to_others(cast: Cast):
    room = await cast.room()
    author, first = await cast.member(room), await make_staff()
    message = await ruled(author_id=author.id, room_id=room.id, actor_id=first.id)
    await restrict(message)
    await appeal(user_id=author.id, message=message)
    staff = await cast.join(await make_staff("view_appeal"))

    await restrict(message, category="violence")

    await up_to_date(staff)
    assert told(staff) == []


@pytest.mark.proves("R212")
async def test_appeal_whose_case_moves_to_a_closed_queue_changes_hands(cast: Cast):
    room = await cast.room()
    author = await cast.member(room)
    group = await make_queue(category=["violence"])
    local = await cast.join(await cast.member(room, "MODERATOR"))
    staff = await cast.join(await make_staff("view_appeal"))
    root = await cast.join(await make_staff(is_superuser=True))
    member = await make_staff("view_appeal")
    await run_in_db_thread(group.user_set.add)(member)
    made, case = await appeal_held_message(author_id=author.id, room_id=room.id)
    for client in (local, staff, root):
        assert (await client.next("appeal_opened"))["open_count"] == 1

    await restrict(await message_of(case), category="violence")

    for client in (local, staff):
        frame = await client.next("appeal_closed")
        assert (frame["appeal"], frame["open_count"]) == (str(made.id), 0)
    await up_to_date(root)
    assert [frame["type"] for frame in told(root)] == ["appeal_opened"]


@pytest.mark.proves("R212")
async def test_appeal_whose_case_leaves_a_closed_queue_opens_again(cast: Cast):
    room = await cast.room()
    author = await cast.member(room)
    await make_queue(category=["hate"])
    local = await cast.join(await cast.member(room, "MODERATOR"))
    made, case = await appeal_held_message(author_id=author.id, room_id=room.id)
    assert (await local.next("appeal_opened"))["open_count"] == 1

    await restrict(await message_of(case), category="hate")
    assert (await local.next("appeal_closed"))["appeal"] == str(made.id)
    await run_in_db_thread(Queue.objects.filter(name="q").update)(position=30)
    await run_in_db_thread(Queue.objects.create)(
        name="urgent", position=0, filter={"is_escalated": True}
    )
    await escalate(
        actor=Actor(id=(await make_staff(is_superuser=True)).id, scope_ids=None),
        case_id=case.pk,
    )

    frame = await local.next("appeal_opened")
    assert (frame["appeal"], frame["open_count"]) == (str(made.id), 1)


@run_in_db_thread
def message_of(case: Case) -> Message:
    return Message.objects.get(pk=case.subject_id)


@run_in_db_thread
def hide(message: Message, how: str) -> None:
    """Let others see a message no more, without a ruling on it."""
    if how == "deleted":
        delete_message(actor_id=message.author_id, message_id=message.pk)
        return
    purger = factories.make_staff("purge_messages", "view_restricted_case")
    start_purge(
        actor=Actor(id=purger.id, scope_ids=None, sees_restricted=True),
        user_id=message.author_id, since=message.created_at - timedelta(seconds=1), reason="spam",
    )  # fmt: skip
    while run_slice():
        pass


@pytest.mark.proves("R260")
@pytest.mark.parametrize("how", ["deleted", "purged"])
async def test_appeal_leaves_the_lists_with_the_message_that_others_see_no_more(cast: Cast, how):
    room = await cast.room()
    author, first = await cast.member(room), await make_staff()
    clients = [
        await cast.join(await cast.member(room, "MODERATOR")),
        await cast.join(await make_staff("view_appeal")),
    ]
    message = await ruled(
        author_id=author.id, room_id=room.id, actor_id=first.id, content=ContentOutcome.ALLOW
    )
    await restrict(message)
    made = await appeal_no_action(message)
    for client in clients:
        assert (await client.next("appeal_opened"))["open_count"] == 1

    await hide(message, how)

    for client in clients:
        frame = await client.next("appeal_closed")
        assert (frame["appeal"], frame["open_count"]) == (str(made.id), 0)


@run_in_db_thread
def erase(user_id: UUID) -> None:
    with transaction.atomic():
        erase_appeals(user_id=user_id, kept_subjects=())


@pytest.mark.proves("R260")
async def test_appeals_of_an_account_that_is_erased_leave_the_lists(cast: Cast):
    room = await cast.room()
    author, first = await cast.member(room), await make_staff()
    staff = await cast.join(await make_staff("view_appeal"))
    message = await ruled(author_id=author.id, room_id=room.id, actor_id=first.id)
    made = await appeal(user_id=author.id, message=message)
    assert (await staff.next("appeal_opened"))["open_count"] == 1

    await erase(author.id)

    frame = await staff.next("appeal_closed")
    assert (frame["appeal"], frame["open_count"]) == (str(made.id), 0)
