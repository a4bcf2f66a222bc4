"""Who is informed of changed cases: as lists of cases show them to each, for many at once."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from moderado.accounts.rights import VIEW_CASE, VIEW_RESTRICTED_CASE, is_entitled
from moderado.chat.selectors.case_audience import case_readers
from moderado.chat.selectors.rooms import moderated_rooms
from moderado.enforcement.models import CaseExclusion, Queue
from moderado.enforcement.selectors.cases import CaseFilter, CaseState, cases, counts_by_queue
from moderado.enforcement.selectors.queues import placed, queue_before, queues_closed_to
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case
from moderado.moderation.services.case_events import traits_of
from tests.factories import MODERATING, make_member, make_room, make_staff, make_user
from tests.rulings import change_of

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R126")]

CATEGORIES = ("spam", "hate", "child_safety")
SUBJECTS = ("message", "user_name", "room_name", "person", "room")
ORIGINS = ("hold", "flag", "report", "appeal")
STATES = ("open", "open", "open", "decided", "closed")
AGE = 1_000  # seconds between the ages of two cases: far more than the test takes


class Scene:
    """Rooms, moderators, queues and cases, drawn at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.rooms = [make_room() for _ in range(3)]
        self.groups = [Group.objects.create(name=f"group {number}") for number in range(2)]
        self.users = [
            *(make_user() for _ in range(5)),
            make_staff(),
            make_staff(),
            make_staff(*MODERATING, "view_restricted_case"),
            make_staff("view_restricted_case"),
            make_staff(is_superuser=True),
        ]
        for user in self.users:
            user.groups.set(self._some(self.groups, 0.3))
            for room in self._some(self.rooms, 0.5):
                role = self.random.choice(["ADMIN", "MODERATOR", "MEMBER"])
                make_member(room, user=user, role=role)
        self._make_queues()
        self.cases = [self._make_case(number) for number in range(60)]
        self._exclude()

    def _some(self, things, share):
        return [each for each in things if self.random.random() < share]

    def _make_queues(self) -> None:
        room = str(self.random.choice(self.rooms).pk)
        filters = [
            {"category": ["child_safety"]},
            {"is_escalated": True, "min_priority": 1},
            {"origin": ["report"], "subject": ["message", "person"]},
            {"room": [room], "is_escalated": False},
            {"min_priority": 2},
        ]
        self.random.shuffle(filters)
        for position, wanted in enumerate(filters[:4]):
            queue = Queue.objects.create(name=str(position), position=position, filter=wanted)
            queue.groups.set(self._some(self.groups, 0.4))

    def _make_case(self, number: int) -> Case:
        draw = self.random
        room = draw.choice(self.rooms)
        subject_type = draw.choice(SUBJECTS)
        subject_id = room.pk if subject_type in {"room", "room_name"} else UUID(int=number // 2)
        state = draw.choice(STATES)
        same = {"subject_type": subject_type, "subject_id": subject_id, "revision": 1}
        if state == "open" and Case.objects.filter(state="open", **same).exists():
            state = "closed"
        now = timezone.now()
        case = Case.objects.create(
            **same,
            scope_id=draw.choice([room.pk, room.pk, None]),
            author=draw.choice([None, None, *self.users]),
            origin=draw.choice(ORIGINS),
            joined_origins=self._some(ORIGINS, 0.2),
            categories=self._some(CATEGORIES, 0.3),
            priority=draw.randrange(3),
            state=state,
            outcome="BLOCK" if state == "decided" else "",
            decided_at=now if state == "decided" else None,
            close_reason="deleted" if state == "closed" else "",
            closed_at=now if state == "closed" else None,
            snoozed_until=draw.choice([None, None, now + timedelta(days=1)]),
            escalated_at=draw.choice([None, None, now]),
        )
        age = timedelta(seconds=AGE * (draw.randrange(100) + 0.5))
        Case.objects.filter(pk=case.pk).update(created_at=now - age)
        return case

    def _exclude(self) -> None:
        CaseExclusion.objects.bulk_create(
            CaseExclusion(
                case=case, user=user, reason=self.random.choice(CaseExclusion.Reason.values)
            )
            for case in self.cases
            for user in self._some(self.users, 0.05)
        )


def seen_by(user, changed) -> tuple[dict, dict] | None:
    """What the lists of cases show to one person; None if no changed case is among it."""
    is_staff = is_entitled(user, VIEW_CASE)
    actor = Actor(
        id=user.pk,
        scope_ids=None if is_staff else moderated_rooms(user.pk),
        sees_restricted=is_entitled(user, VIEW_RESTRICTED_CASE),
    )
    found = cases(actor=actor, wanted=CaseFilter(states=list(CaseState)))
    queues = dict(found.filter(pk__in=changed).order_by().values_list("pk", "queue_id"))
    return (queues, counts_by_queue(actor)) if queues else None


def rounded(counts):
    """Counts with ages in steps that no machine is slow enough to miss."""
    return {queue: (each.open_count, each.oldest_seconds // AGE) for queue, each in counts.items()}


@pytest.mark.parametrize("seed", range(6))
def test_many_are_informed_as_lists_show_the_cases_to_each(seed):
    scene = Scene(seed)
    changed = scene.random.sample(scene.cases, 12)
    expected = {user.pk: seen_by(user, [case.pk for case in changed]) for user in scene.users}

    readers = case_readers(
        user_ids=[user.pk for user in scene.users], changes=[change_of(case) for case in changed]
    )

    found = {
        user_id: (dict(reader.queues), rounded(reader.counts))
        for user_id, reader in readers.items()
    }
    assert found == {
        user_id: (seen[0], rounded(seen[1])) for user_id, seen in expected.items() if seen
    }
    assert len(found) > 2


@pytest.mark.parametrize("seed", range(2))
def test_queue_of_a_case_before_a_change_is_found_as_postgresql_does(seed):
    Scene(seed)
    queues, _ = queues_closed_to([])

    for case in placed(Case.objects.all(), queues):
        assert queue_before(queues, case, traits_of(case)) == case.queue_id


def statements(user_ids, changed) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        readers = case_readers(user_ids=user_ids, changes=[change_of(case) for case in changed])
    assert readers.keys() == set(user_ids)
    return len(captured)


def test_statements_do_not_grow_with_moderators():
    rooms = [make_room() for _ in range(10)]
    group = Group.objects.create(name="g")
    Queue.objects.create(name="q", position=0, filter={"min_priority": 1}).groups.add(group)
    users = []
    for number in range(40):
        user = make_staff() if number % 4 == 0 else make_user()
        make_member(rooms[number % 10], user=user, role="MODERATOR")
        users.append(user)
    made = [
        Case.objects.create(
            subject_type="message", subject_id=UUID(int=number), revision=1, scope_id=room.pk,
            author=users[number], origin="hold",
        )
        for number, room in enumerate([*rooms, *rooms])
    ]  # fmt: skip

    few = statements([user.pk for user in users[:3]], made)
    many = statements([user.pk for user in users], made)

    assert many == few <= 20
