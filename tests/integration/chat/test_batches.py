"""What several people say at the same moment is stored as if each had spoken alone."""

import pytest

from moderado.chat.events import MessagesQueued
from moderado.chat.models import Message, Room
from moderado.chat.services.batches import SendRequest, post_messages
from moderado.chat.services.messages import post_message
from moderado.core.errors import Invalid, RateLimited
from tests.factories import make_member, make_room, make_user

pytestmark = pytest.mark.django_db


def asked(member, text="bom dia", client_id=None):
    return SendRequest(
        author_id=member.user_id, room_id=member.room_id, text=text, client_id=client_id
    )


@pytest.fixture
def members():
    return [make_member(), make_member()]


def test_a_message_is_as_it_would_be_alone(members):
    first, second = members
    Room.objects.filter(pk=second.room_id).update(seq=41)

    together = post_messages([asked(first, "  oi ", "1"), asked(second, "olá", "1")])

    alone = post_message(author_id=second.user_id, room_id=second.room_id, text="olá").view
    views = [each.view for each in together]
    assert [each.created for each in together] == [True, True]
    assert [view.content for view in views] == ["oi", "olá"]
    unlike = {"id", "client_id", "created_at"}
    for name in set(alone.__struct_fields__) - unlike:
        assert getattr(views[1], name) == getattr(alone, name), name
    stored = {message.id: message for message in Message.objects.all()}
    for name in [field.attname for field in Message._meta.concrete_fields]:
        if name not in {"id", "client_id", "created_at", "queued_at"}:
            assert getattr(stored[views[1].id], name) == getattr(stored[alone.id], name), name
    assert all(message.queued_at for message in stored.values())


def test_the_queue_is_rung_once_for_all_and_the_author_left_to_who_asked(
    members, heard, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        together = post_messages([asked(member) for member in members])

    assert heard == [MessagesQueued(message_ids=heard[0].message_ids)]
    assert set(heard[0].message_ids) == {each.view.id for each in together}


def test_what_is_no_ordinary_case_is_left_alone(members):
    member, other = members
    post_messages([asked(member, client_id="used")])
    off = make_member(make_room(moderation_mode="off"))
    post = make_member(make_room(moderation_mode="post"))
    stranger = SendRequest(
        author_id=make_user().id, room_id=member.room_id, text="oi", client_id=None
    )
    before = Message.objects.count()

    outcomes = post_messages(
        [asked(off), asked(member, client_id="used"), stranger, asked(other), asked(post)]
    )

    assert [outcome is not None for outcome in outcomes] == [False, False, False, True, False]
    assert Message.objects.count() == before + 1


def test_the_same_client_id_twice_at_once_is_stored_once(members):
    outcomes = post_messages([asked(members[0], client_id="1"), asked(members[0], client_id="1")])

    assert sorted(outcome is not None for outcome in outcomes) == [False, True]
    assert Message.objects.count() == 1


def test_each_is_refused_for_its_own_mistake(members, settings):
    settings.ENV = settings.ENV.model_copy(update={"limit_messages_per_user": "1/minute"})
    flooding, other = members

    outcomes = post_messages([asked(flooding, "um"), asked(other, " "), asked(flooding, "dois")])

    assert outcomes[0].view.content == "um"
    assert isinstance(outcomes[1], Invalid)
    assert isinstance(outcomes[2], RateLimited)
    assert Message.objects.count() == 1


def test_a_batch_is_one_statement(members, django_assert_num_queries):
    with django_assert_num_queries(1):
        post_messages([asked(member, str(n)) for n in range(25) for member in members])
    assert Message.objects.count() == 50
