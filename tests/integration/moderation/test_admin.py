"""The moderation queue and the audit log in the admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone
from structlog.testing import capture_logs

from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case, ModerationLog, ProviderHealth
from moderado.moderation.services.recording import record
from moderado.moderation.services.texts import erase_texts
from moderado.moderation.types import Outcome, Signal, Verdict
from tests import rulings
from tests.admin import act
from tests.factories import make_user
from tests.integration.moderation.conftest import make_content
from tests.texts import text_of

pytestmark = pytest.mark.django_db

CASES = reverse("admin:moderation_case_changelist")
LOGS = reverse("admin:moderation_moderationlog_changelist")


@pytest.fixture
def staff(client):
    user = make_user(is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


@pytest.mark.parametrize(
    "action, outcome", [("approve", "ALLOW"), ("reject", "BLOCK")], ids=["approve", "reject"]
)
def test_cases_are_decided_by_list_actions(client, staff, held, decided, action, outcome):
    first, second = held(), held()

    assert act(client, action, first, second).status_code == 200

    rulings = Case.objects.values_list("state", "outcome", "decided_by")
    assert list(rulings) == [("decided", outcome, staff.id)] * 2
    assert len(decided) == 2


def test_case_claimed_by_another_is_refused_with_a_reason(client, staff, held, decided):
    case, free = held(), held()
    rulings.claim(actor_id=make_user().id, case_id=case.id, scope_ids=None)

    answer = act(client, "reject", case, free)

    case.refresh_from_db()
    assert case.state == "open"
    assert [event.case_id for event in decided] == [free.id]
    assert len(answer.context["messages"]) == 2


def test_queue_escapes_markup(client, staff, held):
    held(text="<script>alert(1)</script>")

    page = client.get(CASES).content.decode()

    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


@pytest.mark.proves("S66")
def test_erased_texts_are_shown_as_erased(client, staff):
    content = make_content()
    signal = Signal(provider="judge", raw={"rationale": "por causa disso"})
    record([(content, Verdict(outcome=Outcome.HOLD, signals=(signal,)))])
    case, line = Case.objects.get(), ModerationLog.objects.get()
    pages = [CASES] + [
        reverse(f"admin:moderation_{name}_change", args=[row.pk])
        for name, row in (("case", case), ("moderationlog", line))
    ]
    shown = [client.get(page).content.decode() for page in pages]
    assert [content.text in page or "por causa disso" in page for page in shown] == [True] * 3

    erase_texts(subject_ids=[content.subject_id])

    shown = [client.get(page).content.decode() for page in pages]
    assert ["apagado" in page for page in shown] == [True] * 3
    assert content.text not in "".join(shown)
    assert "por causa disso" not in "".join(shown)


def test_queue_and_log_can_be_filtered_and_searched(client, staff, held):
    case = held()

    for query in (
        {"q": str(case.subject_id)},
        {"q": "Ofensivo talvez"},
        {"state__exact": "open", "origin__exact": "hold"},
    ):
        assert text_of(case) in client.get(CASES, query).content.decode()
    for query in (
        {"q": str(case.subject_id)},
        {"verdict__exact": "HOLD"},
        {"by": "machine"},
        {"provider": "blocklist"},
    ):
        assert client.get(LOGS, query).status_code == 200
    line = ModerationLog.objects.get()
    for name, row in (("case", case), ("moderationlog", line)):
        page = client.get(reverse(f"admin:moderation_{name}_change", args=[row.pk]))
        assert page.status_code == 200


@pytest.mark.parametrize("query", ["abc", "%", "é'"])
def test_search_accepts_arbitrary_input(client, staff, query):
    assert client.get(LOGS, {"q": query}).status_code == 200
    assert client.get(CASES, {"q": query}).status_code == 200


def test_health_page_shows_open_breakers(client, staff):
    ProviderHealth.objects.create(provider="judge", open_until=timezone.now())

    page = client.get(reverse("admin:moderation_providerhealth_changelist"))

    assert "judge" in page.content.decode()


def test_admin_offers_no_add_change_or_delete(client, staff, held):
    case = held()
    line = ModerationLog.objects.get()

    for name, row in (("case", case), ("moderationlog", line)):
        add = reverse(f"admin:moderation_{name}_add")
        delete = reverse(f"admin:moderation_{name}_delete", args=[row.pk])
        change = reverse(f"admin:moderation_{name}_change", args=[row.pk])
        assert client.get(add).status_code == 403
        assert client.post(delete, {"post": "yes"}).status_code == 403
        assert client.post(change, {"verdict": "ALLOW"}).status_code == 403


@pytest.mark.proves("S57")
@pytest.mark.parametrize("action", ["approve", "reject"])
def test_bulk_actions_skip_own_cases_with_a_reason(client, staff, held, decided, action):
    own, other = held(author_id=staff.id), held()

    answer = act(client, action, own, other)

    own.refresh_from_db()
    assert own.state == "open"
    assert [event.case_id for event in decided] == [other.id]
    assert any(str(OwnCase()) in str(each) for each in answer.context["messages"])


@pytest.mark.proves("S59")
def test_every_decided_or_refused_case_leaves_an_audit_line(client, staff, held, decided):
    own, other = held(author_id=staff.id), held()

    with capture_logs() as logged:
        act(client, "reject", own, other)

    lines = {line.object_id: line.change_message for line in LogEntry.objects.all()}
    assert lines == {str(own.id): "block: own_case", str(other.id): "block: done"}
    acted = [line for line in logged if line["event"] == "admin_acted"]
    assert {line["record_id"]: line["result"] for line in acted} == {
        str(own.id): "own_case",
        str(other.id): "done",
    }
    assert {line["actor_id"] for line in acted} == {str(staff.id)}


@pytest.mark.proves("S58")
@pytest.mark.parametrize(
    "permissions, seen, decided_cases",
    [((), 403, 0), (("view_case",), 200, 0), (("view_case", "bulk_rule"), 200, 1)],
)
def test_queue_needs_a_permission_for_each_action(
    client, held, decided, permissions, seen, decided_cases
):
    user = make_user(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    case = held()

    assert client.get(CASES).status_code == seen
    act(client, "reject", case)

    assert len(decided) == decided_cases
