"""Names of accounts and rooms are judged before others see them."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from moderado.accounts.models import User
from moderado.accounts.services import accounts, names
from moderado.chat.selectors.names import name_changes
from moderado.chat.services import rooms
from moderado.chat.types import ROOM_NAME, USER_NAME
from moderado.moderation.models import Case, ModerationLog, ProviderCall, SubjectRevision
from moderado.moderation.services.blocked_texts import remember_ruling
from moderado.moderation.services.subject_screening import MAX_ATTEMPTS, screen_waiting
from moderado.moderation.tasks import screen_subjects
from moderado.moderation.types import Outcome
from tests import rulings
from tests.factories import PASSWORD, make_room, make_user
from tests.texts import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S54")]

Status = SubjectRevision.Status


def registered(name):
    return accounts.register(email="ana@example.org", name=name, password=PASSWORD)


def renamed(user, name):
    accounts.update_profile(user_id=user.id, name=name)
    screen_waiting()
    user.refresh_from_db()
    return user


def change_of(subject, kind=USER_NAME):
    found = name_changes(subject_type=kind, subject_ids=[subject.id], language="en")
    return found.get(subject.id)


def ruled(outcome, subject, actor=None):
    case = Case.objects.get(subject_id=subject.id, state=Case.State.OPEN)
    rulings.rule(
        actor_id=(actor or make_user(is_staff=True)).id,
        case_id=case.id,
        outcome=outcome,
        reason="name",
        scope_ids=None,
    )
    subject.refresh_from_db()


def test_new_account_has_a_placeholder_until_its_name_is_judged():
    user = registered("Ana")
    shown = User.objects.get(pk=user.pk).name

    assert shown == names.placeholder(user.id)
    assert change_of(user).status == "PENDING"

    screen_waiting()

    assert User.objects.get(pk=user.pk).name == "Ana"
    assert change_of(user) is None


def test_blocked_name_is_never_shown_and_its_author_is_told():
    user = renamed(make_user(name="Before"), "BLOCK")

    assert user.name == "Before"
    change = change_of(user)
    assert (change.status, change.name, change.reason) == ("REJECTED", "BLOCK", "policy")
    assert "harassment" in change.explanation


def test_held_name_waits_for_a_person():
    user = renamed(make_user(name="Before"), "HOLD")
    assert (user.name, change_of(user).status) == ("Before", "HELD")
    case = Case.objects.get(subject_id=user.id)
    assert (case.subject_type, text_of(case), case.scope_id) == (USER_NAME, "HOLD", None)

    ruled(Outcome.ALLOW, user)

    assert user.name == "HOLD"


def test_ruling_against_a_shown_name_brings_the_former_one_back():
    user = renamed(make_user(name="Before"), "FLAG")
    assert user.name == "FLAG"

    ruled(Outcome.BLOCK, user)

    assert user.name == "Before"
    assert change_of(user).reason == "moderator"


def test_ruling_against_the_only_name_leaves_the_placeholder():
    user = registered("FLAG")
    screen_waiting()

    ruled(Outcome.BLOCK, user)

    assert user.name == names.placeholder(user.id)


@pytest.mark.parametrize(
    "spelling",
    [
        "ＦＬＡＧ Nice",
        "F L A G nice",
        "FLAG-nice",
        "FLАG nice",
        "FLÁG  nice!!",
        "FL&#65;G nice",
        "FL<b></b>AG nice",
    ],
)
def test_name_that_a_person_blocked_needs_a_person_again(spelling):
    user = renamed(make_user(name="Before"), "FLAG nice")
    ruled(Outcome.BLOCK, user)

    renamed(user, "something else")
    renamed(user, spelling)

    assert (user.name, change_of(user).status) == ("something else", "HELD")


def test_blocked_name_does_not_return_in_another_spelling():
    user = renamed(registered("flag nice"), "FLAG nice")

    ruled(Outcome.BLOCK, user)

    assert user.name == names.placeholder(user.id)


def test_case_of_a_name_that_returns_is_opened_again():
    user = renamed(make_user(name="Before"), "FLAG one")
    renamed(user, "FLAG two")

    ruled(Outcome.BLOCK, user)

    assert user.name == "FLAG one"
    assert text_of(Case.objects.get(subject_id=user.id, state=Case.State.OPEN)) == "FLAG one"


def test_text_that_a_moderator_blocked_in_a_room_does_not_become_its_name():
    admin = make_user()
    room = rooms.create_room(creator_id=admin.id, name="Futebol")
    screen_waiting()
    remember_ruling(scope_id=room.id, author_id=admin.id, text="you are bad", outcome=Outcome.BLOCK)

    rooms.update_room(actor_id=admin.id, room_id=room.id, name="You are BAD!")
    screen_waiting()

    room.refresh_from_db()
    assert (room.name, change_of(room, ROOM_NAME).status) == ("Futebol", "HELD")


def test_blocked_user_name_does_not_become_the_name_of_a_room():
    user = renamed(make_user(name="Before"), "FLAG nice")
    ruled(Outcome.BLOCK, user)

    room = rooms.create_room(creator_id=user.id, name="flag nice")
    screen_waiting()

    assert change_of(room, ROOM_NAME).status == "HELD"


@pytest.mark.proves("R58")
@pytest.mark.parametrize("is_judged", [True, False])
@pytest.mark.parametrize("name", ["HOLD this", "FLAG this"])
def test_deleted_room_leaves_no_open_case_of_its_name(name, is_judged):
    admin = make_user()
    room = rooms.create_room(creator_id=admin.id, name=name)
    if is_judged:
        screen_waiting()

    rooms.delete_room(actor_id=admin.id, room_id=room.id)
    screen_waiting()

    cases = Case.objects.filter(subject_id=room.id)
    assert [case.close_reason for case in cases] == ["room_deleted"] * is_judged


def test_every_judgement_is_logged_with_its_subject():
    user = renamed(make_user(name="Before"), "HOLD")
    ruled(Outcome.BLOCK, user)

    lines = ModerationLog.objects.filter(subject_id=user.id).order_by("created_at")
    assert [(line.subject_type, line.revision, line.verdict) for line in lines] == [
        (USER_NAME, 2, "HOLD"),
        (USER_NAME, 2, "BLOCK"),
    ]


def test_newer_name_replaces_a_waiting_one_and_closes_its_case():
    user = renamed(make_user(name="Before"), "HOLD")

    renamed(user, "After")

    assert user.name == "After"
    assert not Case.objects.filter(subject_id=user.id, state=Case.State.OPEN).exists()


def test_taking_the_shown_name_back_withdraws_the_waiting_one():
    user = renamed(make_user(name="Before"), "HOLD")

    renamed(user, "Before")

    assert (user.name, change_of(user)) == ("Before", None)


def test_same_name_twice_is_judged_once():
    user = make_user(name="Before")
    accounts.update_profile(user_id=user.id, name="After")
    accounts.update_profile(user_id=user.id, name="After")
    screen_waiting()

    assert ModerationLog.objects.filter(subject_id=user.id).count() == 1


def test_verdict_on_a_replaced_name_changes_nothing(monkeypatch):
    user = make_user(name="Before")
    accounts.update_profile(user_id=user.id, name="First")

    def replace(*args):
        if SubjectRevision.objects.filter(subject_id=user.id).count() == 2:
            accounts.update_profile(user_id=user.id, name="Second")
        return []

    monkeypatch.setattr("moderado.moderation.services.subject_screening._ask", replace)
    screen_waiting()

    statuses = SubjectRevision.objects.filter(subject_id=user.id).order_by("revision")
    assert [row.status for row in statuses] == [
        Status.APPROVED,
        Status.SUPERSEDED,
        Status.APPROVED,
    ]
    user.refresh_from_db()
    assert user.name == "Second"


def test_room_has_a_placeholder_until_its_name_is_judged():
    room = rooms.create_room(creator_id=make_user().id, name="HOLD")
    placeholder = room.name
    screen_waiting()
    room.refresh_from_db()
    assert room.name == placeholder
    assert "HOLD" not in placeholder
    assert change_of(room, ROOM_NAME).status == "HELD"

    ruled(Outcome.ALLOW, room)

    assert room.name == "HOLD"


def test_operator_names_a_room_without_judgement_but_with_a_log_line():
    room = make_room(name="Before")

    rooms.update_room(actor_id=None, room_id=room.id, name="BLOCK")

    room.refresh_from_db()
    assert room.name == "BLOCK"
    assert ModerationLog.objects.get(subject_id=room.id).decided_by == "operator"


def test_lost_judgement_is_taken_up_by_the_periodic_task():
    user = make_user(name="Before")
    accounts.update_profile(user_id=user.id, name="After")
    # Its worker died after the claim.
    waiting = SubjectRevision.objects.filter(subject_id=user.id, status=Status.PENDING)
    waiting.update(lease_until=Now() + timedelta(minutes=1), attempts=1, fence=1)

    screen_subjects()
    user.refresh_from_db()
    assert user.name == "Before"

    waiting.update(lease_until=Now() - timedelta(seconds=1))
    screen_subjects()
    user.refresh_from_db()
    assert user.name == "After"


def test_name_that_no_attempt_judged_is_held():
    user = make_user(name="Before")
    accounts.update_profile(user_id=user.id, name="After")
    SubjectRevision.objects.filter(subject_id=user.id).update(attempts=MAX_ATTEMPTS)

    screen_waiting()

    assert change_of(user).status == "HELD"
    assert ModerationLog.objects.get(subject_id=user.id).decided_by == "attempts"


@pytest.mark.django_db(transaction=True)
def test_remote_providers_judge_names_too(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]

    user = renamed(make_user(name="Before"), "BLOCK me")

    assert (user.name, change_of(user).status) == ("Before", "REJECTED")
    assert ProviderCall.objects.get(subject_id=user.id).state == "answered"


@pytest.mark.django_db(transaction=True)
def test_busy_provider_is_asked_again_later(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]

    user = renamed(make_user(name="Before"), "BUSY 30")

    waiting = SubjectRevision.objects.get(subject_id=user.id, status=Status.PENDING)
    assert waiting.lease_until is not None
    assert user.name == "Before"


@pytest.mark.django_db(transaction=True)
def test_failed_provider_never_approves_a_name(settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]

    user = renamed(make_user(name="Before"), "FAIL")

    assert (user.name, change_of(user).status) == ("Before", "HELD")
