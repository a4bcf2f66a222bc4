"""One decision has one time to appeal, whichever of its sanctions is looked at."""

from datetime import timedelta
from importlib import import_module

import msgspec
import pytest
from django.db import connection
from django.db.models import F

from moderado.core import clock
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.decisions import decision_about
from moderado.enforcement.selectors.restrictions import find_restriction, silences_of
from moderado.enforcement.selectors.sanctions import restriction_of, view_of
from moderado.enforcement.services.sanction_ends import change_end
from moderado.enforcement.types import SanctionKind
from tests.factories import make_staff
from tests.integration.enforcement.test_races import MUTE, World

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.proves("R316"),
    pytest.mark.usefixtures("obedient_provider"),
]

SLOW = msgspec.structs.replace(MUTE, kind=SanctionKind.SLOW)


def lengthen(sanction):
    return change_end(
        actor_id=make_staff().id, scope_ids=None, imposing_scope_ids=None,
        sanction_id=sanction.id, until=clock.now() + timedelta(hours=9), reason="hate",
    )  # fmt: skip


@pytest.fixture
def world(settings):
    """A ruling with two sanctions, made before the present time to appeal began."""
    world = World()
    world.ruling = world.settled(world.say(), measures=[MUTE, SLOW])
    long_ago = timedelta(days=settings.ENV.appeal_days + 1)
    type(world.ruling).objects.update(created_at=F("created_at") - long_ago)
    Sanction.objects.update(created_at=F("created_at") - long_ago)
    world.mute, world.slow = (Sanction.objects.get(kind=kind) for kind in ("mute", "slow"))
    return world


def ends(world):
    """Return the ends of the time to appeal, as every view and refusal has them."""
    author, scope = world.author.id, world.room.id
    both = Sanction.objects.all()
    return [
        decision_about(author, world.ruling.id).view.appeal_until,
        *(view_of(each, language="en").appeal_until for each in both),
        *(restriction_of(each).appeal_until for each in both),
        find_restriction(user_id=author, scope_id=scope).appeal_until,
        silences_of([author])[author][scope].appeal_until,
    ]


def test_every_view_has_the_same_end(world):
    before = ends(world)
    assert len(set(before)) == 1
    lengthen(world.slow)
    after = ends(world)
    assert len(set(after)) == 1
    assert after[0] > clock.now()


def test_each_sanction_says_that_the_ruling_can_be_appealed(world):
    before = view_of(world.mute, language="en")
    lengthen(world.slow)
    world.mute.refresh_from_db()
    after = view_of(world.mute, language="en")
    assert (before.appealable, after.appealable) == (False, True)
    assert "appeal" in after.explanation
    assert world.mute.lengthened_by is None  # who lengthened the other one did not touch it
    assert world.appeals(world.ruling.id)


def test_time_stays_when_the_lengthened_sanction_is_lifted(world):
    lengthen(world.slow)
    Sanction.objects.filter(pk=world.slow.pk).update(lifted_at=clock.now())
    assert decision_about(world.author.id, world.ruling.id).view.appealable
    assert view_of(Sanction.objects.get(kind="mute"), language="en").appealable


def test_sanctions_of_other_decisions_keep_their_time(world):
    other = World()
    mute = Sanction.objects.get(ruling=other.settled(other.say(), measures=[MUTE]))
    lengthen(world.slow)
    mute.refresh_from_db()
    assert mute.lengthened_at is None


def test_migration_renews_the_time_of_earlier_rulings(world):
    lengthen(world.slow)
    Sanction.objects.filter(pk=world.mute.pk).update(lengthened_at=None)  # as it was stored before
    migration = import_module("moderado.enforcement.migrations.0031_one_time_to_appeal")
    with connection.cursor() as cursor:
        cursor.execute(migration.FORWARD)
    assert len(set(ends(world))) == 1
