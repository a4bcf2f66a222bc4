"""What was wrong has no consequences, also when its own term was over before that was found."""

from datetime import timedelta

import pytest
from django.db.models import F

from moderado.chat.models import Membership
from moderado.enforcement.models import Sanction
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.measures import Measure
from moderado.enforcement.services.sanctions import expire_sanctions
from moderado.enforcement.types import AppealOutcome, MeasureScope, SanctionKind
from moderado.moderation.models import Case
from tests.factories import make_member, make_room, make_staff
from tests.integration.enforcement.steps import say, settle
from tests.integration.enforcement.test_strikes import put_in_force
from tests.rulings import make_ruling, staff_actor

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("S125"),
]

DAY = timedelta(days=1)
BAN = {"points": 3, "sanction": "ban", "term_seconds": 86_400}
LONG_MUTE = {"points": 3, "sanction": "mute", "term_seconds": 300 * 86_400}


@pytest.fixture
def room():
    found = make_room()
    make_member(found, role="ADMIN")
    return found


@pytest.fixture
def author(room):
    return make_member(room, role="MODERATOR").user


def sanctioned(author, room, kind):
    """The decision to remove a text and to impose a sanction."""
    case = Case.objects.get(subject_id=say(author, room, "FLAG this").id)
    measure = Measure(kind=SanctionKind(kind), scope=MeasureScope.ROOM, term=DAY)
    ruling = make_ruling(
        actor_id=make_staff("add_sanction").id,
        case_id=case.id,
        content="remove",
        measures=[measure],
    )
    settle()
    return ruling.id


def wait(**sanctions):
    """Let two days pass, after which the terms of these sanctions are over."""
    old = timedelta(days=2)
    Sanction.objects.update(starts_at=F("starts_at") - old, ends_at=F("ends_at") - old)
    assert expire_sanctions() == Sanction.objects.filter(**sanctions).count() > 0


def win_appeal(author, decision_id):
    appeal, _ = appeal_decision(user_id=author.id, decision_id=decision_id, text="Why?")
    outcome = AppealOutcome.OVERTURNED
    actor = staff_actor()
    decide_appeal(actor=actor, appeal_id=appeal.id, outcome=outcome, reason="-")


def role_of(author, room):
    return Membership.objects.filter(room=room, user=author).values_list("role", flat=True).first()


def test_membership_returns_with_the_appeal_of_a_ban_that_is_over(author, room):
    decision = sanctioned(author, room, "ban")
    wait(kind="ban")
    assert role_of(author, room) is None

    win_appeal(author, decision)

    assert role_of(author, room) == "MODERATOR"
    assert Sanction.objects.get().lifted_at is not None


def test_another_ban_that_is_undone_gives_nothing_back_that_the_first_one_ended(author, room):
    sanctioned(author, room, "ban")
    wait(kind="ban")
    second, _ = impose_sanction(
        actor_id=make_staff("add_sanction").id, scope_ids=None, user_id=author.id,
        kind="ban", scope_id=room.id, term=DAY, reason="-",
    )  # fmt: skip

    win_appeal(author, second.id)

    assert role_of(author, room) is None


@pytest.mark.parametrize("followed", [LONG_MUTE, BAN])
def test_strike_that_is_too_old_takes_with_it_what_it_led_to(author, room, followed):
    put_in_force(weights={"any": 3}, thresholds=[followed])
    decision = sanctioned(author, room, "strike")
    over = {"kind": "strike"} if followed is LONG_MUTE else {}
    wait(**over)

    win_appeal(author, decision)

    assert not Sanction.objects.filter(lifted_at=None).exists()
    assert role_of(author, room) == "MODERATOR"
