"""Sanctions: what they consist of, and when they end."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from moderado.core.database import NotInTransaction
from moderado.core.errors import Invalid
from moderado.enforcement.errors import NoSuchSanction, SanctionEnded
from moderado.enforcement.events import PersonNotified
from moderado.enforcement.models import Sanction
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.sanctions import (
    apply_sanction,
    expire_sanctions,
    lift_sanction,
)
from moderado.moderation.errors import OwnCase
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def sanctioned(user, **fields):
    given = {
        "actor_id": None,
        "user_id": user.id,
        "kind": "mute",
        "scope_id": None,
        "term": timedelta(hours=1),
        "reason": "harassment",
    }
    return apply_sanction(**(given | fields))


def test_sanction_names_what_why_and_until_when():
    person, moderator = make_user(), make_user()
    sanction = sanctioned(person, actor_id=moderator.id, public_note=" leia as regras ")

    assert (sanction.kind, sanction.reason, sanction.public_note) == (
        "mute",
        "harassment",
        "leia as regras",
    )
    assert sanction.ends_at - sanction.starts_at == timedelta(hours=1)
    assert sanction.actor == moderator


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "exile"}, "kind"),
        ({"term": timedelta(0)}, "term_seconds"),
        ({"term": timedelta(days=100_000)}, "term_seconds"),
        ({"reason": " "}, "reason"),
        ({"public_note": "x" * 2_001}, "public_note"),
    ],
)
def test_invalid_sanction_names_the_field(fields, wrong):
    with pytest.raises(Invalid) as refusal:
        sanctioned(make_user(), **fields)
    assert set(refusal.value.fields) == {wrong}


def test_nobody_sanctions_themselves_or_lifts_their_own():
    person = make_user()
    with pytest.raises(OwnCase):
        sanctioned(person, actor_id=person.id)
    sanction = sanctioned(person)
    with pytest.raises(OwnCase):
        lift_sanction(actor_id=person.id, sanction_id=sanction.id, reason="sorry")


def test_sanction_is_lifted_once():
    moderator, sanction = make_user(), sanctioned(make_user())
    lifted = lift_sanction(actor_id=moderator.id, sanction_id=sanction.id, reason="mistake")

    assert (lifted.lifted_by, lifted.lift_reason) == (moderator, "mistake")
    assert lifted.lifted_at is not None
    with pytest.raises(SanctionEnded):
        lift_sanction(actor_id=moderator.id, sanction_id=sanction.id, reason="again")
    with pytest.raises(NoSuchSanction):
        lift_sanction(actor_id=moderator.id, sanction_id=moderator.id, reason="none")


def test_expiry_marks_what_is_over_and_nothing_else():
    over, lasting, endless = (
        sanctioned(make_user()),
        sanctioned(make_user()),
        sanctioned(make_user(), term=None),
    )
    moment = timezone.now() - timedelta(seconds=1)
    Sanction.objects.filter(pk=over.pk).update(ends_at=moment)

    assert (expire_sanctions(), expire_sanctions()) == (1, 0)
    over.refresh_from_db()
    assert over.expired_at == moment
    assert not Sanction.objects.filter(pk__in=[lasting.pk, endless.pk], expired_at__isnull=False)
    with pytest.raises(SanctionEnded):
        lift_sanction(actor_id=None, sanction_id=over.id, reason="late")


@pytest.mark.django_db(transaction=True)
def test_sanction_needs_the_transaction_of_its_cause():
    assert not transaction.get_connection().in_atomic_block
    with pytest.raises(NotInTransaction):
        sanctioned(make_user())


def test_person_is_notified_of_each_sanction_and_of_its_end(
    heard, django_capture_on_commit_callbacks
):
    person = make_user(language="en")
    with django_capture_on_commit_callbacks(execute=True):
        sanction = sanctioned(person, public_note="See the rules.")
        lift_sanction(actor_id=None, sanction_id=sanction.id, reason="mistake")

    notices = [each for each in heard if isinstance(each, PersonNotified)]
    assert [(each.user_id, each.notice.value, each.body.state) for each in notices] == [
        (person.id, "sanction_applied", "active"),
        (person.id, "sanction_lifted", "lifted"),
    ]
    assert notices[0].body.note == "See the rules."
    explanation = notices[0].body.explanation
    assert explanation.startswith("A moderator has muted you")
    assert "/regras/#harassment" in explanation
    assert "You can appeal until" in explanation


@pytest.mark.proves("S82")
@pytest.mark.django_db(transaction=True)
def test_repeats_at_once_give_one_strike(at_once):
    person, moderator = make_user(), make_user()

    def give():
        return impose_sanction(
            actor_id=moderator.id, scope_ids=None, user_id=person.id, kind="strike",
            scope_id=None, term=None, reason="insult",
        )  # fmt: skip

    at_once(4, give)
    assert Sanction.objects.count() == 1
