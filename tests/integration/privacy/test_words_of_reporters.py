"""Words of erased reporters about what a legal hold keeps stay until its release, and no longer."""

import pytest

from moderado.chat.services import erasing
from moderado.enforcement.models import Appeal, Erasure, Report
from moderado.enforcement.services import erasures
from moderado.enforcement.services.appeals import appeal_report
from moderado.enforcement.services.holds import add_hold, release_hold
from moderado.enforcement.services.reports import report
from tests.everything import tables_with
from tests.factories import make_member, make_room, make_staff
from tests.integration.enforcement.races import in_both_orders
from tests.integration.enforcement.steps import say, settle
from tests.integration.privacy.words import CANARY
from tests.rulings import make_ruling

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("R217"),
]


class World:
    """Two messages of one author, each reported with a comment and appealed by one reporter."""

    def __init__(self):
        room = make_room()
        self.author, self.reporter = make_member(room).user, make_member(room).user
        self.held, self.other = (say(self.author, room, text) for text in ("um", "dois"))
        for message in (self.held, self.other):
            found, _ = report(
                reporter_id=self.reporter.id, subject_type="message", subject_id=message.id,
                category="hate", comment=CANARY,
            )  # fmt: skip
            make_ruling(actor_id=make_staff().id, case_id=found.case_id, content="allow")
            settle()
            appeal_report(user_id=self.reporter.id, report_id=found.id, text=CANARY)

    def hold(self, kind):
        subject_id = self.held.id if kind == "message" else self.author.id
        return add_hold(
            actor_id=None, subject_type=kind, subject_id=subject_id, author_id=self.author.id,
            reference=f"Ofício 7 {kind}",
        )  # fmt: skip

    def words_of(self, message):
        about = {"subject_id": message.id}
        return Report.objects.get(**about).comment, Appeal.objects.get(**about).text


def erase(person):
    erasures.order_erasure(actor_id=None, user_id=person.id)
    while erasing.run_slice(person.id):
        continue


def release(hold):
    release_hold(actor_id=None, hold_id=hold.id, reason="-")


@pytest.mark.parametrize("kinds", [("message",), ("user",), ("message", "user")])
def test_words_stay_until_the_last_release(kinds):
    world = World()
    holds = [world.hold(kind) for kind in kinds]

    erase(world.reporter)

    assert world.words_of(world.held) == (CANARY, CANARY)
    other = (CANARY, CANARY) if "user" in kinds else ("", "")
    assert world.words_of(world.other) == other
    assert Erasure.objects.get(user=world.reporter).state == "done", "which tells of no hold"
    release(holds[0])
    if len(holds) > 1:
        assert world.words_of(world.held) == (CANARY, CANARY)
        release(holds[1])
    assert tables_with(CANARY) == set()


def test_release_leaves_the_words_of_those_who_are_not_erased():
    world = World()
    hold = world.hold("message")

    release(hold)

    assert world.words_of(world.held) == (CANARY, CANARY)


def test_release_leaves_the_words_of_a_held_reporter():
    world = World()
    hold = world.hold("message")
    own = add_hold(
        actor_id=None, subject_type="user", subject_id=world.reporter.id,
        author_id=world.reporter.id, reference="Ofício 8",
    )  # fmt: skip
    erase(world.reporter)

    release(hold)
    assert world.words_of(world.held) == (CANARY, CANARY)
    release(own)
    while erasing.run_slice(world.reporter.id):
        continue
    assert tables_with(CANARY) == set()


@pytest.mark.django_db(transaction=True)
def test_release_at_the_moment_of_the_erasure_leaves_no_words():
    worlds = []

    def build():
        world = World()
        hold = world.hold("message")
        worlds.append(world)
        erasures.order_erasure(actor_id=None, user_id=world.reporter.id)
        erasure = erasures.claim_due(world.reporter.id)
        return lambda: erasing._texts(erasure), lambda: release(hold)

    assert in_both_orders(build) == (("done", "done"), ("done", "done"))
    for world in worlds:
        assert world.words_of(world.held) == ("", "")
