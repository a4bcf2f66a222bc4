"""Reasons and notes of moderators of rooms reach members only if a message could say the same."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.models import Membership
from moderado.chat.services import memberships, purge_requests
from moderado.core.errors import Invalid
from moderado.enforcement.labels import REPORT_CATEGORY_CODES
from moderado.enforcement.models import Purge, Ruling, Sanction
from moderado.enforcement.services.appeal_decisions import decide_appeal
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.imposing import impose_sanction
from moderado.enforcement.services.settling import settle_rulings
from moderado.enforcement.services.shown_words import check_shown_words
from moderado.enforcement.types import Actor, AppealOutcome
from moderado.moderation.models import Case
from tests.factories import make_member, make_message, make_staff, make_user
from tests.integration.chat.steps import judge, post
from tests.rulings import make_ruling

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S190")]

Role = Membership.Role


@pytest.fixture
def moderator(room):
    return make_member(room, role=Role.ADMIN).user


@pytest.fixture
def impose(room, moderator):
    def give(user, *, actor=None, scope_ids=(room.id,), kind="warning", **fields):
        given = {"term": None, "reason": "spam", "scope_id": room.id} | fields
        actor_id = (actor or moderator).id
        return impose_sanction(
            actor_id=actor_id, scope_ids=scope_ids, user_id=user.id, kind=kind, **given
        )

    return give


@pytest.mark.usefixtures("obedient_provider")
@pytest.mark.parametrize("field", ["reason", "public_note"])
@pytest.mark.parametrize("words", ["BLOCK you", "HOLD you"])
def test_sanction_does_not_carry_words_that_no_message_may_say(room, impose, field, words):
    person = make_member(room).user

    with pytest.raises(Invalid) as refused:
        impose(person, **{field: words})

    assert list(refused.value.fields) == [field]
    assert not Sanction.objects.exists()
    assert impose(person, **{field: "FLAG this"})[1]


@pytest.mark.usefixtures("obedient_provider")
def test_words_of_staff_are_not_judged(room, impose):
    staff = make_staff("add_sanction")

    assert impose(make_member(room).user, actor=staff, scope_ids=None, public_note="BLOCK")[1]


@pytest.mark.usefixtures("obedient_provider")
def test_ruling_purge_and_decided_appeal_do_not_carry_them(room, moderator):
    author = make_member(room).user
    actor = Actor(id=moderator.id, scope_ids={room.id})
    judge(post(author, room, "HOLD this"))
    case = Case.objects.get()
    ruled = {"actor_id": moderator.id, "case_id": case.id, "content": "remove"}

    with pytest.raises(Invalid):
        make_ruling(**ruled, public_note="BLOCK you", scope_ids={room.id})
    with pytest.raises(Invalid):
        purge_requests.start_purge(
            actor=actor, user_id=author.id, reason="spam", public_note="BLOCK you",
            since=timezone.now() - timedelta(hours=1),
        )  # fmt: skip
    assert not Ruling.objects.exists()
    assert not Purge.objects.exists()

    ruling = make_ruling(**ruled, scope_ids=None)
    Ruling.objects.update(undo_until=timezone.now() - timedelta(seconds=1))
    settle_rulings()
    appeal, _is_new = appeal_decision(user_id=author.id, decision_id=ruling.id, text="não fui eu")
    other = Actor(id=make_member(room, role=Role.MODERATOR).user.id, scope_ids={room.id})
    decided = {"appeal_id": appeal.id, "outcome": AppealOutcome.UPHELD, "reason": "right"}
    with pytest.raises(Invalid):
        decide_appeal(actor=other, **decided, public_note="BLOCK you")
    assert decide_appeal(actor=other, **decided, public_note="leia as regras").public_note


@pytest.fixture
def only_remote(settings):
    """Configure nothing that judges on this machine."""
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]


@pytest.mark.proves("R273")
@pytest.mark.usefixtures("only_remote")
def test_built_in_lists_judge_where_all_providers_are_remote(room, impose):
    person = make_member(room).user

    with pytest.raises(Invalid) as refused:
        impose(person, public_note="seu filho da puta")

    assert list(refused.value.fields) == ["public_note"]
    assert impose(person, reason="três mensagens iguais", public_note="leia as regras")[1]


@pytest.mark.proves("R273")
def test_codes_of_categories_are_reasons_whatever_the_server_lists(settings):
    words = [
        {"category": "spam", "severity": 0.9, "action": "block", "words": [*REPORT_CATEGORY_CODES]}
    ]
    settings.MODERATION_PROVIDERS = [
        {
            "BACKEND": "moderado.moderation.providers.blocklist.BlocklistProvider",
            "OPTIONS": {"rules": words},
        }
    ]

    for code in REPORT_CATEGORY_CODES:
        check_shown_words({make_user().id}, reason=code)
    with pytest.raises(Invalid):
        check_shown_words({make_user().id}, reason="this is spam")


@pytest.mark.parametrize("kind", ["warning", "strike", "mute", "slow", "ban"])
def test_moderators_of_a_room_write_to_no_stranger(room, impose, kind):
    stranger = make_user()

    with pytest.raises(Invalid) as refused:
        impose(stranger, kind=kind, public_note="leia as regras")

    assert list(refused.value.fields) == ["user"]
    assert not Sanction.objects.exists()


def test_stranger_who_reads_a_public_room_is_banned_without_a_note(impose):
    assert impose(make_user(), kind="ban")[1]


@pytest.mark.parametrize("part", ["author", "left", "removed"])
def test_people_who_took_part_in_a_room_are_sanctioned(room, impose, part):
    if part == "author":
        person = make_message(room, status="APPROVED").author
        Membership.objects.filter(user=person).delete()
    else:
        person = make_member(room).user
        if part == "left":
            memberships.leave_room(user_id=person.id, room_id=room.id)
        else:
            memberships.remove_participant(actor_id=None, room_id=room.id, user_id=person.id)

    assert impose(person, public_note="leia as regras")[1]


def test_staff_sanction_strangers_in_a_room(impose):
    staff = make_staff("add_sanction")

    assert impose(make_user(), actor=staff, scope_ids=None, public_note="leia as regras")[1]
