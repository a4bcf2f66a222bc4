"""Frames that tell moderators of cases: to moderators of the room and entitled staff only."""

from uuid import UUID

import pytest
from django.db import transaction

from moderado.accounts.services.second_factor import confirm_all
from moderado.chat.services import memberships
from moderado.core.ids import new_id
from moderado.moderation.models import Case
from moderado.moderation.services.closing import close_cases
from moderado.moderation.services.recording import record
from moderado.moderation.types import Category, CloseReason, Content, Outcome, Verdict
from moderado.realtime.infra.db_calls import run_in_db_thread
from tests import factories, rulings
from tests.integration.realtime.conftest import Cast

CASE_FRAMES = {"case_opened", "case_claimed", "case_decided", "case_closed"}

make_staff = run_in_db_thread(factories.make_staff)
make_user = run_in_db_thread(factories.make_user)
make_member = run_in_db_thread(factories.make_member)
confirm = run_in_db_thread(confirm_all)
demote = run_in_db_thread(memberships.change_role)
claim = run_in_db_thread(rulings.claim)
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
