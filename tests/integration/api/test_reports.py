"""Reports and suspensions by REST."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.models import Message
from moderado.enforcement.models import Report
from moderado.enforcement.services.reports import report
from tests.factories import make_message, make_staff, make_user

pytestmark = pytest.mark.django_db

REPORTS = "/api/chat/reports/"
SUSPENSIONS = "/api/enforcement/report-suspensions/"


@pytest.fixture
def message():
    return make_message(status=Message.Status.APPROVED, seq=1)


def test_member_reports_and_lists_the_own_reports(signed_in, message):
    client = signed_in(make_user())
    body = {"message": message.id, "category": "hate", "comment": "look"}

    first, again = [client.post(REPORTS, body, format="json") for _ in range(2)]

    assert (first.status_code, again.status_code) == (201, 200)
    shown = first.json()
    assert (shown["subject_type"], shown["subject"]) == ("message", str(message.id))
    assert (shown["state"], shown["outcome"], shown["appealable"]) == ("open", None, False)
    assert client.get(f"{REPORTS}mine/").json()["results"] == [shown]
    assert signed_in(message.author).get(f"{REPORTS}mine/").json()["results"] == []


@pytest.mark.parametrize(
    "body, status",
    [
        ({"category": "hate"}, 400),
        ({"message": uuid.UUID(int=1), "room": uuid.UUID(int=1), "category": "hate"}, 400),
        ({"message": uuid.UUID(int=1), "category": "nonsense"}, 400),
        ({"user": uuid.UUID(int=1), "category": "other"}, 404),
        ({"room": uuid.UUID(int=1), "category": "other"}, 404),
    ],
)
def test_reports_are_refused(signed_in, body, status):
    assert signed_in(make_user()).post(REPORTS, body, format="json").status_code == status


def test_staff_suspend_list_and_lift(signed_in, message, settings):
    settings.ENV = settings.ENV.model_copy(update={"report_suspension_reports": 1})
    reporter = make_user(name="Rita")
    given = {"reporter_id": reporter.id, "category": "hate"}
    found, _ = report(subject_type="message", subject_id=message.id, **given)
    Report.objects.filter(pk=found.pk).update(
        state="decided", outcome="no_action", is_upheld=False, decided_at=timezone.now()
    )
    client = signed_in(make_staff("suspend_reporting"))
    body = {
        "user": reporter.id, "reason": "abuse", "public_note": "Only real cases.",
        "term_seconds": timedelta(days=1).total_seconds(),
    }  # fmt: skip

    made = client.post(SUSPENSIONS, body, format="json")

    assert (made.status_code, made.json()["user"]["name"]) == (201, "Rita")
    again = client.post(SUSPENSIONS, body, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "already_suspended")
    refused = signed_in(reporter).post(
        REPORTS, {"user": message.author_id, "category": "hate"}, format="json"
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "reporting_suspended")
    assert client.get(SUSPENSIONS).json()["results"] == [made.json()]
    lifted = client.post(f"{SUSPENSIONS}{made.json()['id']}/lift/", {"reason": "-"}, format="json")
    assert lifted.json()["lifted_at"]
