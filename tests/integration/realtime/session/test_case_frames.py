"""Frames that tell moderators of cases: to moderators of the room and entitled staff only."""

import asyncio
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import transaction

from moderado.accounts.models import User
from moderado.chat.models import Membership
from moderado.chat.services import memberships
from moderado.core.ids import new_id
from moderado.enforcement.models import Queue
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.claiming import escalate_case
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.services.recording import record
from moderado.moderation.types import Category, CloseReason, Content, Outcome, Verdict
from moderado.realtime import node
from moderado.realtime.infra.db_calls import run_in_db_thread
from moderado.realtime.rooms.reconcile import Schedule
from tests import factories, rulings
from tests.integration.realtime.conftest import Cast, timing_with
from tests.second_factor import confirm_all

CASE_FRAMES = {"case_opened", "case_claimed", "case_decided", "case_closed", "case_changed"}

make_staff = run_in_db_thread(factories.make_staff)
make_user = run_in_db_thread(factories.make_user)
make_member = run_in_db_thread(factories.make_member)
confirm = run_in_db_thread(confirm_all)
demote = run_in_db_thread(memberships.change_role)
claim = run_in_db_thread(rulings.claim)
escalate = run_in_db_thread(escalate_case)
rule = run_in_db_thread(rulings.rule)


@run_in_db_thread
def open_case(*, room_id: UUID | None, author_id: UUID | None = None, **found: float) -> Case:
    content = Content(
        subject_type="message", subject_id=new_id(), revision=1, text="talvez", scope_id=room_id,
        author_id=author_id,
    )  # fmt: skip
    with transaction.atomic():
        categories = {Category(code): score for code, score in found.items()}
        verdict = Verdict(
            outcome=Outcome.HOLD,
            score=0.6,
            decided_by="blocklist",
            categories=categories,
        )
        record([(content, verdict)])
    return Case.objects.get(subject_id=content.subject_id)


@run_in_db_thread
def point_at(case: Case, category: str, *, reporter_id: UUID | None = None) -> None:
    """Let something else point at the text of a case."""
    with transaction.atomic():
        open_or_join(
            subject_type=case.subject_type, subject_id=case.subject_id, revision=case.revision,
            scope_id=case.scope_id, author_id=case.author_id, origin=Case.Origin.REPORT,
            categories=[category], text="talvez", reporter_id=reporter_id,
        )  # fmt: skip


@run_in_db_thread
def make_queue(**wanted: object) -> None:
    """Create a queue that is closed to everyone."""
    queue = Queue.objects.create(name="q", position=0, filter=wanted)
    queue.groups.add(Group.objects.create(name="g"))


@run_in_db_thread
def close(case: Case) -> None:
    with transaction.atomic():
        close_cases(
            subject_type=case.subject_type, subject_id=case.subject_id, reason=CloseReason.DELETED
        )


def told(client) -> list[tuple[str, str, int]]:
    """The case frames that a client has received: type, case and count."""
    frames = [frame for frame in client.heard if frame["type"] in CASE_FRAMES]
    return [(frame["type"], frame["case"], frame["open_count"]) for frame in frames]


@pytest.mark.proves("R68")
async def test_moderators_and_entitled_staff_learn_of_cases_and_nobody_else(cast: Cast):
    room, elsewhere = await cast.room(), await cast.room()
    moderator = await cast.join(await cast.member(room, "MODERATOR"))
    staff = await cast.join(await make_staff())
    others = [
        await cast.join(await cast.member(room), room),
        await cast.join(await cast.member(elsewhere, "ADMIN")),
        await cast.join(await make_user(is_staff=True)),
        await cast.join(await make_staff("view_user")),
    ]

    case = await open_case(room_id=room.id)

    for client in (moderator, staff):
        frame = await client.next("case_opened")
        assert (frame["case"], frame["room"], frame["origin"]) == (
            str(case.id),
            str(room.id),
            "hold",
        )
        assert frame["open_count"] == 1
        assert "text" not in frame
    for client in others:
        await client.up_to_date()
        assert told(client) == []


@pytest.mark.proves("R68", "S78")
async def test_staff_without_the_demanded_second_factor_are_told_nothing(cast: Cast, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    room = await cast.room()
    moderator = await cast.join(await cast.member(room, "MODERATOR"))
    user, trusted = await make_staff(), await make_staff()
    unproved, proved = await cast.join(user), await cast.join(trusted)
    await confirm(user_id=trusted.id, actor_id=None)

    await open_case(room_id=room.id)

    for client in (moderator, proved):
        assert (await client.next("case_opened"))["open_count"] == 1
    await unproved.up_to_date()
    assert told(unproved) == []

    await confirm(user_id=user.id, actor_id=None)
    await open_case(room_id=room.id)
    assert (await unproved.next("case_opened"))["open_count"] == 2


@pytest.mark.proves("S81")
async def test_moderators_of_a_room_are_told_of_restricted_cases_with_a_second_factor(
    cast: Cast, settings
):
    settings.STAFF_SECOND_FACTOR = "required"
    room = await cast.room()
    user = await make_staff("view_restricted_case")
    await make_member(room, user=user, role="MODERATOR")
    moderator = await cast.join(user)

    await open_case(room_id=room.id, child_safety=0.9)
    case = await open_case(room_id=room.id)
    frame = await moderator.next("case_opened")
    assert (frame["case"], frame["open_count"]) == (str(case.id), 1)

    await confirm(user_id=user.id, actor_id=None)
    case = await open_case(room_id=room.id, child_safety=0.9)
    frame = await moderator.next("case_opened")
    assert (frame["case"], frame["open_count"]) == (str(case.id), 3)


@pytest.mark.proves("R68")
async def test_frames_follow_a_case_to_its_end(cast: Cast):
    room = await cast.room()
    user = await cast.member(room, "MODERATOR")
    colleague = await cast.member(room, "MODERATOR")
    moderator = await cast.join(user)
    case, other = await open_case(room_id=room.id), await open_case(room_id=room.id)

    await claim(actor_id=colleague.id, case_id=case.id, scope_ids=None)
    assert (await moderator.next("case_claimed"))["case"] == str(case.id)
    await close(other)
    assert (await moderator.next("case_closed"))["open_count"] == 1


@pytest.mark.proves("R68", "S57")
async def test_author_is_not_told_of_the_own_case(cast: Cast):
    room = await cast.room()
    user = await cast.member(room, "MODERATOR")
    colleague = await cast.join(await cast.member(room, "ADMIN"))
    author = await cast.join(user)

    await open_case(room_id=room.id, author_id=user.id)

    assert await colleague.next("case_opened")
    await author.up_to_date()
    assert told(author) == []


@pytest.mark.proves("R68")
async def test_demoted_moderator_is_told_nothing_more(cast: Cast):
    room = await cast.room()
    user = await cast.member(room, "MODERATOR")
    admin = await cast.member(room, "ADMIN")
    demoted, remaining = await cast.join(user), await cast.join(admin)

    await demote(actor_id=admin.id, room_id=room.id, user_id=user.id, role="MEMBER")
    await open_case(room_id=room.id)

    assert await remaining.next("case_opened")
    await demoted.up_to_date()
    assert told(demoted) == []


@pytest.mark.proves("R68")
async def test_case_without_a_room_is_told_to_staff_only(cast: Cast):
    room = await cast.room()
    moderator = await cast.join(await cast.member(room, "ADMIN"))
    staff = await cast.join(await make_staff())

    await open_case(room_id=None)

    assert (await staff.next("case_opened"))["room"] is None
    await moderator.up_to_date()
    assert told(moderator) == []


@pytest.mark.proves("S116")
async def test_case_that_becomes_restricted_leaves_the_view_of_those_who_saw_it(
    cast: Cast, settings
):
    settings.STAFF_SECOND_FACTOR = "required"
    room = await cast.room()
    author = await cast.member(room, "MODERATOR")
    unproved = await make_staff("view_restricted_case")
    await make_member(room, user=unproved, role="MODERATOR")
    moderators = [
        await cast.join(await cast.member(room, "MODERATOR")),
        await cast.join(unproved),
    ]
    party = await cast.join(author)
    case = await open_case(room_id=room.id, author_id=author.id)
    await open_case(room_id=room.id)
    for moderator in moderators:
        assert await moderator.next("case_opened")
        assert await moderator.next("case_opened")

    await point_at(case, "child_safety")

    for moderator in moderators:
        frame = await moderator.next("case_closed")
        assert (frame["case"], frame["open_count"]) == (str(case.id), 1)
    assert str(case.id) not in {seen for _, seen, _ in told(party)}

    later = await open_case(room_id=room.id)  # those who never saw it know nothing of this either
    await point_at(case, "child_safety")
    await close(case)
    for moderator in moderators:
        assert (await moderator.next("case_opened"))["case"] == str(later.id)
        await moderator.up_to_date()
        assert [seen for kind, seen, _ in told(moderator) if kind == "case_closed"] == [
            str(case.id)
        ]


@pytest.mark.proves("S116")
async def test_case_leaves_the_view_of_a_moderator_who_becomes_a_party(cast: Cast):
    room = await cast.room()
    user = await cast.member(room, "MODERATOR")
    reporter, colleague = (
        await cast.join(user),
        await cast.join(await cast.member(room, "MODERATOR")),
    )
    case = await open_case(room_id=room.id)
    for moderator in (reporter, colleague):
        assert await moderator.next("case_opened")

    await point_at(case, "spam", reporter_id=user.id)

    frame = await reporter.next("case_closed")
    assert (frame["case"], frame["open_count"]) == (str(case.id), 0)
    assert (await colleague.next("case_opened"))["open_count"] == 1
    await colleague.up_to_date()
    assert "case_closed" not in {kind for kind, _, _ in told(colleague)}


@pytest.mark.proves("S116")
async def test_reporter_who_opens_a_case_is_told_nothing_of_it(cast: Cast):
    room = await cast.room()
    user = await cast.member(room, "MODERATOR")
    reporter = await cast.join(user)
    colleague = await cast.join(await cast.member(room, "ADMIN"))
    text = Case(subject_type="message", subject_id=new_id(), revision=1, scope_id=room.id)

    await point_at(text, "spam", reporter_id=user.id)

    assert await colleague.next("case_opened")
    await reporter.up_to_date()
    assert told(reporter) == []


@pytest.mark.proves("S116")
async def test_case_that_moves_to_a_closed_queue_leaves_the_view(cast: Cast):
    room = await cast.room()
    moderator = await cast.join(await cast.member(room, "MODERATOR"))
    await make_queue(is_escalated=True)
    staff = await make_staff(is_superuser=True)
    root = await cast.join(staff)
    case = await open_case(room_id=room.id)
    for client in (moderator, root):
        assert (await client.next("case_opened"))["open_count"] == 1

    await escalate(actor=Actor(id=staff.id, scope_ids=None), case_id=case.id)

    assert (await root.next("case_changed"))["open_count"] == 1
    frame = await moderator.next("case_closed")
    assert (frame["case"], frame["queue"], frame["open_count"]) == (str(case.id), None, 0)


def lose_role(user, room):
    Membership.objects.filter(user=user, room=room).update(role="MEMBER")


def lose_flag(user, _room):
    User.objects.filter(pk=user.pk).update(is_staff=False)


def lose_permission(user, _room):
    user.user_permissions.clear()


def close_queue(_user, room):
    queue = Queue.objects.create(name="q", position=0, filter={"room": [str(room.id)]})
    queue.groups.add(Group.objects.create(name="g"))


LOSSES = {
    "role": lose_role,
    "staff flag": lose_flag,
    "permission": lose_permission,
    "queue": close_queue,
}


@pytest.mark.proves("S152")
@pytest.mark.parametrize("timing", [timing_with(reconciliation=Schedule(interval=0.1))])
@pytest.mark.parametrize("loss", LOSSES)
async def test_moderator_who_loses_access_is_told_to_load_the_cases_again(cast: Cast, loss: str):
    """Whatever changed it, and without a hint; no frame of a case follows."""
    room = await cast.room()
    user = await (cast.member(room, "MODERATOR") if loss == "role" else make_staff())
    moderator, member = await cast.join(user), await cast.join(await cast.member(room))
    seen = await cast.join(await make_staff("view_case", is_superuser=True))
    await open_case(room_id=room.id)
    await moderator.next("case_opened")
    while user.id not in (known := node.current().case_access._known) or not known[user.id]:
        await asyncio.sleep(0.01)

    await run_in_db_thread(LOSSES[loss])(user, room)

    assert (await moderator.next("case_access_changed")).keys() == {"type"}
    await open_case(room_id=room.id)
    assert await seen.next("case_opened")
    assert await seen.next("case_opened")
    await moderator.up_to_date()
    assert len(told(moderator)) == 1
    await member.up_to_date()
    assert "case_access_changed" not in member.types()


@pytest.mark.proves("S152")
def test_access_to_cases_is_read_again_within_five_seconds():
    assert Schedule().interval < 5
