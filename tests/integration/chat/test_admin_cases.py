"""The page of a case in the admin: what it shows, and how a case is decided there."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils.translation import override

from moderado.accounts.models import User
from moderado.chat.models import Message
from moderado.moderation.errors import CaseClosed, CaseSuperseded, CaseTaken, OwnCase
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.texts import with_texts
from tests import rulings
from tests.factories import make_staff, make_user
from tests.integration.chat.steps import judge, post

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    user = make_user(name="Operator", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def case(alice, room):
    judge(post(alice, room, "before it"))
    judge(post(alice, room, "HOLD this"))
    judge(post(alice, room, "after it"))
    return Case.objects.get()


def page_of(client, case, language="en"):
    url = reverse("admin:moderation_case_change", args=[case.pk])
    return client.get(url, headers={"accept-language": language})


def decide(client, case, outcome="BLOCK", *, language="en", **body):
    url = reverse("admin:moderation_case_decide", args=[case.pk])
    body = {"outcome": outcome, "reason": "reviewed", **body}
    headers = {"accept-language": language}
    return client.post(url, body, follow=True, headers=headers)


@pytest.mark.proves("S61")
@pytest.mark.parametrize(
    "outcome, status", [("ALLOW", "APPROVED"), ("BLOCK", "REJECTED")], ids=["approve", "block"]
)
def test_case_is_decided_on_its_page(client, staff, case, outcome, status):
    page = decide(client, case, outcome, note="seen twice")

    (case,) = with_texts([Case.objects.get(pk=case.pk)])
    assert (case.outcome, case.reason, case.note) == (outcome, "reviewed", "seen twice")
    assert case.decided_by == staff
    assert Message.objects.get(pk=case.subject_id).status == status
    assert ModerationLog.objects.get(actor=staff).verdict == outcome
    assert LogEntry.objects.get().change_message == f"{outcome.lower()}: done"
    assert "1 case decided." in page.content.decode()
    assert 'name="outcome"' not in page.content.decode()


@pytest.mark.proves("S61")
def test_page_of_a_case_shows_and_links_what_it_is_about(client, staff, case, alice, room):
    page = page_of(client, case).content.decode()

    for link in (
        f"/admin/accounts/user/{alice.id}/change/",
        f"/admin/chat/room/{room.id}/change/",
        f"/admin/chat/message/{case.subject_id}/change/",
    ):
        assert f'href="{link}"' in page
        assert client.get(link).status_code == 200
    for text in ("before it", "HOLD this", "after it", "under review", "do not see this text"):
        assert text in page


def test_public_text_is_shown_as_public(client, staff, alice, room):
    judge(post(alice, room, "FLAG this"))

    page = page_of(client, Case.objects.get()).content.decode()

    assert "Others see this text now." in page
    assert "the text stays visible" in page


def own(case, staff):
    Case.objects.update(author=staff)
    return OwnCase()


def taken(case, _):
    rulings.claim(actor_id=make_user().id, case_id=case.id, scope_ids=None)
    return CaseTaken()


def decided(case, _):
    other = make_user()
    rulings.rule(
        actor_id=other.id, case_id=case.id, outcome="ALLOW", reason="first", scope_ids=None
    )
    return CaseClosed()


def ended(case, _):
    Message.objects.filter(pk=case.subject_id).update(status="REMOVED")
    return CaseSuperseded("deleted")


@pytest.mark.proves("S61")
@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("happens", [own, taken, decided, ended])
def test_refused_ruling_is_explained_in_the_language_of_the_reader(
    client, staff, case, happens, language
):
    User.objects.filter(pk=staff.pk).update(language=language, language_chosen=True)
    refusal = happens(case, staff)

    answer = decide(client, case, language=language)

    case.refresh_from_db()
    assert (case.reason == "reviewed", case.outcome == "BLOCK") == (False, False)
    with override(language):
        assert str(refusal) in [str(each) for each in answer.context["messages"]]
        assert str(refusal) in page_of(client, case, language).content.decode()
    assert 'name="outcome"' not in answer.content.decode()


@pytest.mark.parametrize(
    "body", [{"reason": ""}, {"reason": "context"}, {"note_preset": "zz"}, {"outcome": "HOLD"}]
)
def test_invalid_ruling_is_refused(client, staff, case, body):
    answer = decide(client, case, **body)

    case.refresh_from_db()
    assert case.state == "open"
    assert len(answer.context["messages"]) == 1


def test_case_is_claimed_on_its_page(client, staff, case):
    client.post(reverse("admin:moderation_case_claim", args=[case.pk]))

    case.refresh_from_db()
    assert case.claimed_by == staff
    assert 'name="outcome"' in page_of(client, case).content.decode()


@pytest.mark.proves("S58")
@pytest.mark.parametrize(
    "permissions, may_claim, may_decide",
    [
        (("view_case",), False, False),
        (("view_case", "claim_case"), True, False),
        (("view_case", "decide_case"), False, True),
        (("decide_case",), False, False),
    ],
)
def test_each_button_needs_its_permission(client, case, permissions, may_claim, may_decide):
    client.force_login(make_staff(*permissions))

    page = page_of(client, case).content.decode()
    claimed = client.post(reverse("admin:moderation_case_claim", args=[case.pk]))
    decide(client, case)

    case.refresh_from_db()
    assert ("/claim/" in page, 'name="outcome"' in page) == (may_claim, may_decide)
    assert (claimed.status_code == 302) == may_claim
    assert (case.state == "decided") == may_decide
    assert "/admin/chat/room/" not in page


def test_reading_the_address_of_a_decision_changes_nothing(client, staff, case):
    answer = client.get(reverse("admin:moderation_case_decide", args=[case.pk]))

    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.state == "open"


def test_name_of_a_room_links_its_room(client, staff, room):
    case = Case.objects.create(
        subject_type="room_name", subject_id=room.id, revision=1, origin="hold", text="sala"
    )

    page = page_of(client, case).content.decode()

    assert f'href="/admin/chat/room/{room.id}/change/"' in page
