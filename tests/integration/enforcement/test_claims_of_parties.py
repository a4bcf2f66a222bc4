"""The claim of a moderator who becomes a party ends at once, and can always be released."""

import pytest
from rest_framework.test import APIClient

from moderado.chat.models import Membership
from moderado.enforcement.services import rulings
from moderado.enforcement.services.appeals import appeal_report
from moderado.enforcement.services.claiming import claim_case
from moderado.enforcement.services.reports import report
from moderado.enforcement.types import Actor
from moderado.moderation.models import Case
from tests.factories import MODERATING, make_member, make_room, make_staff, make_user
from tests.integration.enforcement.races import in_both_orders
from tests.integration.enforcement.steps import say
from tests.rulings import make_ruling

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("obedient_provider"),
    pytest.mark.proves("S129"),
]


@pytest.fixture
def staff(room):
    return make_staff(*MODERATING)


def complain(subject_type, subject_id, reporter=None):
    return report(
        reporter_id=(reporter or make_user()).id, subject_type=subject_type,
        subject_id=subject_id, category="hate",
    )[0]  # fmt: skip


def claim(user, case):
    return claim_case(actor=Actor(id=user.id, scope_ids=None), case_id=case.id)


def holder(case):
    return Case.objects.get(pk=case.pk).claimed_by


def release(user, case):
    client = APIClient()
    client.force_login(user)
    return client.post(f"/api/enforcement/cases/{case.id}/release/")


@pytest.mark.parametrize("kind", ["message", "person", "room"])
def test_claim_ends_when_its_holder_reports_the_subject(room, author, staff, kind):
    said = say(author, room, "bom dia")
    subject_id = {"message": said.id, "person": author.id, "room": room.id}[kind]
    case = complain(kind, subject_id).case
    claim(staff, case)

    complain(kind, subject_id, staff)

    assert holder(case) is None
    assert release(staff, case).status_code == 204
    other = make_staff()
    claim(other, case)
    assert release(staff, case).status_code == 204
    assert holder(case) == other


def test_claim_ends_when_a_ruling_of_its_holder_is_appealed_on_the_case(author, staff):
    first = complain("person", author.id)
    make_ruling(actor_id=staff.id, case_id=first.case_id, content="allow")
    rulings.Ruling.objects.update(settled_at=None)
    case = complain("person", author.id).case
    claim(staff, case)
    first.refresh_from_db()
    type(first).objects.filter(pk=first.pk).update(
        state="decided", outcome="no_action", decided_at=case.created_at,
        ruling=rulings.Ruling.objects.get(),
    )  # fmt: skip

    appeal_report(user_id=first.reporter_id, report_id=first.id, text="x")

    assert holder(case) is None


def test_claim_of_one_who_runs_the_room_since_keeps_no_other_from_the_case(room, staff):
    case = complain("room", room.id).case
    claim(staff, case)
    make_member(room, user=staff, role=Membership.Role.MODERATOR)

    other = make_staff()
    assert claim(other, case).claimed_by == other
    assert release(staff, case).status_code == 204


def test_holder_who_runs_the_room_since_releases_the_claim(room, staff):
    case = complain("room", room.id).case
    claim(staff, case)
    make_member(room, user=staff, role=Membership.Role.MODERATOR)

    assert release(staff, case).status_code == 204
    assert holder(case) is None


def test_undoing_gives_no_claim_to_one_who_has_reported_the_person_since(author, staff):
    case = complain("person", author.id).case
    made = make_ruling(actor_id=staff.id, case_id=case.id, content="allow")
    complain("person", author.id, staff)

    rulings.undo(actor=Actor(id=staff.id, scope_ids=None), ruling_id=made.id)

    assert Case.objects.get(state="open") == case
    assert holder(case) is None


def test_release_answers_what_is_shown_to_those_who_may_decide(author, staff):
    case = complain("person", author.id).case
    claim(staff, case)
    assert release(make_staff(*MODERATING), case).json()["code"] == "case_taken"
    for _ in range(2):
        answer = release(staff, case)
        assert (answer.status_code, answer.json()["id"]) == (200, str(case.id))
    version = Case.objects.get().version
    release(staff, case)
    assert Case.objects.get().version == version
    assert release(staff, author).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [claim, "rule"])
def test_report_and_claim_or_ruling_of_one_moderator_at_the_same_moment(act):
    cases = []

    def build():
        room = make_room()
        said, staff = say(make_member(room).user, room, "bom dia"), make_staff()
        case = complain("message", said.id).case
        cases.append((case, staff))

        def acts():
            if act is claim:
                return claim(staff, case)
            return make_ruling(actor_id=staff.id, case_id=case.id, content="allow")

        return acts, lambda: complain("message", said.id, staff)

    before, after = in_both_orders(build)

    assert before == ("done", "done")
    assert after == ("own_report", "done")
    for case, _ in cases:
        assert holder(case) is None
    assert [Case.objects.get(pk=case.pk).state for case, _ in cases] == (
        ["open", "open"] if act is claim else ["decided", "open"]
    )
