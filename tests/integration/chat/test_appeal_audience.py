"""Who is informed of changed appeals: as the list of appeals shows them to each."""

from contextlib import contextmanager
from datetime import timedelta
from random import Random

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from moderado.accounts.rights import VIEW_APPEAL, VIEW_RESTRICTED_CASE, is_entitled
from moderado.chat.selectors.appeal_audience import appeal_readers
from moderado.chat.selectors.rooms import moderated_rooms
from moderado.core.ids import new_id
from moderado.enforcement.events import AppealChange
from moderado.enforcement.models import Appeal, CaseExclusion, Queue, Ruling, Sanction
from moderado.enforcement.selectors.appeals import AppealFilter, appeal_counts, appeals_for
from moderado.enforcement.types import Actor, AppealState
from moderado.moderation.models import Case
from tests.factories import make_member, make_room, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R205")]

SUBJECTS = ("message", "user_name", "room_name", "person", "room")


class Scene:
    """Rooms, moderators, rulings and appeals, drawn at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rooms = [make_room() for _ in range(3)]
        self.users = [
            *(make_user() for _ in range(9)),
            make_staff("view_appeal"),
            make_staff("view_appeal", "view_restricted_case"),
            make_staff("view_restricted_case"),
            make_staff(is_superuser=True),
        ]
        for user in self.users:
            for room in self.rooms:
                if self.random.random() < 0.5:
                    role = self.random.choice(["ADMIN", "MODERATOR", "MEMBER"])
                    make_member(room, user=user, role=role)
        Queue.objects.all().delete()  # those of the migrations
        for position, category in enumerate(["hate", "spam"]):
            queue = Queue.objects.create(
                name=category, position=position, filter={"category": [category]}
            )
            group = Group.objects.create(name=category)
            queue.groups.add(group)
            group.user_set.add(*self.random.sample(self.users, 3))
        self.cases = [self._make_case() for _ in range(20)]
        CaseExclusion.objects.bulk_create(
            CaseExclusion(
                case=case, user=user, reason=self.random.choice(CaseExclusion.Reason.values)
            )
            for case in self.cases
            for user in self.users
            if self.random.random() < 0.1
        )
        self.appeals = [self._make_appeal() for _ in range(50)]

    def _make_case(self) -> Case:
        draw, now = self.random, timezone.now()
        room, subject_type = draw.choice(self.rooms), draw.choice(SUBJECTS)
        return Case.objects.create(
            subject_type=subject_type,
            subject_id=room.pk if subject_type in {"room", "room_name"} else new_id(),
            revision=1,
            scope_id=draw.choice([room.pk, room.pk, None]),
            author=draw.choice([None, None, *self.users]),
            origin="report",
            categories=draw.choice([[], ["hate"], ["spam"], ["hate", "spam"], ["child_safety"]]),
            state="decided",
            outcome="BLOCK",
            decided_at=now,
            escalated_at=draw.choice([None, None, now]),
        )

    def _make_appeal(self) -> Appeal:
        draw, case, now = self.random, self.random.choice(self.cases), timezone.now()
        kind = draw.choice(["ruling", "joined", "sanction"])
        ruling = Ruling.objects.create(
            case=case, subject_type=case.subject_type, subject_id=case.subject_id, revision=1,
            scope_id=case.scope_id, author=case.author, content="remove", reason="hate",
            actor=draw.choice(self.users), effective_at=now, undo_until=now,
        )  # fmt: skip
        person, decision_id = make_user(), new_id()
        if kind != "joined" and draw.random() < 0.5:
            scope = draw.choice([None, case.scope_id])
            sanctioned = {"user": person, "kind": "mute", "scope_id": scope, "reason": "hate"}
            by_ruling = Sanction.objects.create(ruling=ruling, starts_at=now, **sanctioned)
            if kind == "sanction":
                led_to = Sanction.objects.create(cause=by_ruling, starts_at=now, **sanctioned)
                decision_id = led_to.pk
        is_open = draw.random() < 0.7
        return Appeal.objects.create(
            appellant=draw.choice([person, *self.users]),
            decision_type={"joined": "verdict"}.get(kind, kind),
            decision_id=decision_id,
            subject_type=case.subject_type,
            subject_id=case.subject_id,
            scope_id=case.scope_id,
            text="-",
            first_decider=draw.choice([None, *self.users]),
            appealed=ruling if kind == "ruling" else None,
            case={"joined": case, "ruling": draw.choice([None, *self.cases])}.get(kind),
            state="open" if is_open else "decided",
            outcome="" if is_open else "upheld",
            due_at=now + timedelta(days=draw.choice([-1, 1])),
        )


def change_of(appeal):
    return AppealChange(appeal_id=appeal.pk, scope_id=appeal.scope_id)


def listed_to(user, changed):
    """What the list of appeals shows to one person; None if no changed appeal is in it."""
    is_staff = is_entitled(user, VIEW_APPEAL)
    actor = Actor(
        id=user.pk,
        scope_ids=None if is_staff else moderated_rooms(user.pk),
        sees_restricted=is_entitled(user, VIEW_RESTRICTED_CASE),
    )
    ids = {each.pk for each in changed}
    found = {
        appeal.pk
        for state in AppealState
        for appeal in appeals_for(actor, wanted=AppealFilter(state=state))
    } & ids
    return (found, appeal_counts(actor)) if found else None


@pytest.mark.proves("R212")
@pytest.mark.parametrize("seed", range(4))
def test_moderators_are_told_what_their_lists_show(seed):
    scene = Scene(seed)
    changed = scene.random.sample(scene.appeals, 20)

    readers = appeal_readers(
        user_ids=[user.pk for user in scene.users], changes=[*map(change_of, changed)]
    )

    shown = {user: listed_to(user, changed) for user in scene.users}
    assert {user for user, seen in shown.items() if seen} == {
        user for user in scene.users if user.pk in readers
    }
    for user, seen in shown.items():
        if seen:
            assert (readers[user.pk].seen.keys(), readers[user.pk].counts) == seen
    assert len(readers) > 3


@pytest.mark.proves("R305")
def test_appeals_change_while_no_moderator_is_connected():
    scene = Scene(0)
    changes = [*map(change_of, scene.appeals)]

    assert appeal_readers(user_ids=[], changes=changes) == {}
    assert appeal_readers(user_ids=[make_user().pk], changes=changes) == {}


def test_statements_do_not_grow_with_moderators():
    scene = Scene(5)
    changes = [*map(change_of, scene.appeals)]
    users = [*scene.users, *(make_staff("view_appeal") for _ in range(20))]
    counted = []
    for some in (scene.users, users):
        with CaptureQueriesContext(connection) as captured:
            assert appeal_readers(user_ids=[user.pk for user in some], changes=changes)
        counted.append(len(captured))

    assert counted[0] == counted[1] <= 16


@pytest.mark.proves("R213")
def test_rows_do_not_grow_with_open_appeals():
    scene = Scene(1)
    waiting = [each for each in scene.appeals if each.state == "open"]
    changes, user_ids = [*map(change_of, waiting)], [user.pk for user in scene.users]
    rows = []

    def read():
        rows.clear()
        with counting_rows(rows):
            return appeal_readers(user_ids=user_ids, changes=changes)

    before = read()
    first = sum(rows)
    others = [each for each in waiting if each.appellant not in scene.users]
    for person in [make_user() for _ in range(20)]:
        Appeal.objects.bulk_create(copy_of(each, person) for each in others)
    after = read()

    assert sum(rows) == first
    assert any(after[each].counts.open >= before[each].counts.open + 20 for each in before)
    for user in scene.users:
        if shown := listed_to(user, waiting):
            assert after[user.pk].counts == shown[1]
    assert len(before) > 3


@contextmanager
def counting_rows(rows):
    """Append the number of rows of each answer of PostgreSQL."""

    class Counting(CursorWrapper):
        def fetchmany(self, *args):
            found = self.cursor.fetchmany(*args)
            rows.append(len(found))
            return found

    make_cursor = connection.make_cursor
    connection.make_cursor = lambda cursor: Counting(make_cursor(cursor), connection)
    try:
        yield
    finally:
        del connection.make_cursor


def copy_of(appeal, appellant):
    values = {each.attname: getattr(appeal, each.attname) for each in Appeal._meta.concrete_fields}
    return Appeal(**values | {"id": new_id(), "appellant_id": appellant.pk})
