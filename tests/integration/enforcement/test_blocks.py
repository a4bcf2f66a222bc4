"""A member blocks a person: neither sees the other in direct views."""

import pytest

from moderado.chat.models import Membership
from moderado.chat.services.memberships import add_participant
from moderado.core.errors import Invalid, NotFound
from moderado.enforcement.errors import TooManyBlocks
from moderado.enforcement.models import PersonBlock
from moderado.enforcement.selectors.blocks import blocks_of, hidden_from, people_matching
from moderado.enforcement.services import blocks
from moderado.enforcement.services.blocks import block_person, unblock_person
from tests.factories import make_member, make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user(name="Ana")


@pytest.fixture
def bia():
    return make_user(name="Bia")


def test_block_hides_both_until_it_ends(ana, bia):
    block_person(user_id=ana.id, blocked_id=bia.id)

    assert (hidden_from(ana.id), hidden_from(bia.id)) == ({bia.id}, {ana.id})
    assert not people_matching("Bia", viewer_id=ana.id).exists()
    assert not people_matching("Ana", viewer_id=bia.id).exists()
    unblock_person(user_id=bia.id, blocked_id=ana.id)  # not theirs to end
    assert hidden_from(bia.id)
    unblock_person(user_id=ana.id, blocked_id=bia.id)
    assert hidden_from(ana.id) == hidden_from(bia.id) == frozenset()


def test_only_the_blocker_sees_the_block(ana, bia):
    block_person(user_id=ana.id, blocked_id=bia.id)

    assert [block.blocked for block in blocks_of(ana.id)] == [bia]
    assert not blocks_of(bia.id).exists()


def test_repeat_returns_the_first_block_also_of_a_person_who_left(ana, bia):
    first, created = block_person(user_id=ana.id, blocked_id=bia.id)
    bia.is_active = False
    bia.save()

    again = block_person(user_id=ana.id, blocked_id=bia.id)

    assert created
    assert again == (first, False)


def test_blocks_are_refused(ana, bia, monkeypatch):
    with pytest.raises(Invalid):
        block_person(user_id=ana.id, blocked_id=ana.id)
    with pytest.raises(NotFound):
        block_person(user_id=ana.id, blocked_id=make_user(is_active=False).id)
    monkeypatch.setattr(blocks, "MAX_BLOCKS", 1)
    block_person(user_id=ana.id, blocked_id=bia.id)
    with pytest.raises(TooManyBlocks):
        block_person(user_id=ana.id, blocked_id=make_user().id)
    assert PersonBlock.objects.count() == 1


def test_nothing_is_hidden_from_staff(ana):
    moderator = make_staff(name="Mo")
    block_person(user_id=ana.id, blocked_id=moderator.id)

    assert hidden_from(moderator.id) == frozenset()
    assert people_matching("Ana", viewer_id=moderator.id).exists()
    assert hidden_from(ana.id) == {moderator.id}


@pytest.mark.parametrize("blocker_is_admin", [True, False])
def test_blocked_person_is_not_invited_as_if_they_did_not_exist(bia, blocker_is_admin):
    admin = make_member(role=Membership.Role.ADMIN)
    sides = (admin.user_id, bia.id) if blocker_is_admin else (bia.id, admin.user_id)
    block_person(user_id=sides[0], blocked_id=sides[1])

    with pytest.raises(Invalid) as refusal:
        add_participant(actor_id=admin.user_id, room_id=admin.room_id, user_id=bia.id)

    unknown = make_user(is_active=False)
    with pytest.raises(Invalid) as other:
        add_participant(actor_id=admin.user_id, room_id=admin.room_id, user_id=unknown.id)
    assert refusal.value.fields == other.value.fields
