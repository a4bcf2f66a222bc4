"""Admin pages of enforcement: what they list, and what staff may do there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from moderado.core import clock
from moderado.core.ids import new_id
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    LegalHold,
    PersonBlock,
    Queue,
    Ruling,
    Sanction,
)
from moderado.enforcement.services.appeals import appeal_decision
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.moderation.models import Case
from tests.factories import (
    make_member,
    make_message,
    make_rejected_reports,
    make_room,
    make_staff,
    make_suspension,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    user = make_user(name="Operator", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def mute(user, actor_id=None, kind="mute"):
    with transaction.atomic():
        return apply_sanction(
            actor_id=actor_id, user_id=user.id, kind=kind, scope_id=None,
            term=timedelta(hours=1), reason="harassment",
        )  # fmt: skip


def page(model, kind, *args):
    return reverse(f"admin:enforcement_{model}_{kind}", args=args)


def act(client, model, record, name, **values):
    return client.post(page(model, "act", record.pk, name), values, follow=True)


def test_sanction_is_lifted_with_a_reason_on_its_page(client, operator):
    sanction = mute(make_user(name="Ana"))
    shown = client.get(page("sanction", "change", sanction.pk)).content.decode()
    assert page("sanction", "act", sanction.pk, "lift") in shown

    act(client, "sanction", sanction, "lift")
    assert Sanction.objects.get().lifted_at is None  # without a reason
    act(client, "sanction", sanction, "lift", reason="engano")

    sanction.refresh_from_db()
    assert (sanction.lifted_by, sanction.lift_reason) == (operator, "engano")
    assert [line.action for line in AuditLine.objects.all()] == ["sanction_lifted"]
    shown = client.get(page("sanction", "change", sanction.pk)).content.decode()
    assert page("sanction", "act", sanction.pk, "lift") not in shown


def test_end_of_a_sanction_is_changed_on_its_page(client, operator):
    sanction = mute(make_user(name="Ana"))
    strike = mute(make_user(), kind="strike")
    change = page("sanction", "act", sanction.pk, "change_end")
    shown = client.get(page("sanction", "change", sanction.pk)).content.decode()
    assert change in shown
    assert "change_end" not in client.get(page("sanction", "change", strike.pk)).content.decode()

    act(client, "sanction", sanction, "change_end", term="1", reason="spam")  # not offered
    assert Sanction.objects.get(pk=sanction.pk).end_changed_at is None
    before = clock.now()
    act(client, "sanction", sanction, "change_end", term="2592000", reason="spam")

    sanction.refresh_from_db()
    assert before + timedelta(days=30) <= sanction.ends_at <= clock.now() + timedelta(days=30)
    assert (sanction.end_changed_by, sanction.end_reason) == (operator, "spam")
    assert [line.action for line in AuditLine.objects.all()] == ["sanction_end_changed"]
    client.force_login(make_staff("view_sanction", "lift_sanction"))
    act(client, "sanction", sanction, "change_end", term="none", reason="spam")
    act(client, "sanction", sanction, "change_end", term="3600", reason="spam")
    sanction.refresh_from_db()
    assert sanction.ends_at < clock.now() + timedelta(hours=2)  # shortened, not made endless


def test_viewers_without_the_right_cannot_act(client):
    sanction = mute(make_user())
    client.force_login(make_staff("view_sanction"))

    assert (
        page("sanction", "act", sanction.pk, "lift")
        not in client.get(page("sanction", "change", sanction.pk)).content.decode()
    )
    assert act(client, "sanction", sanction, "lift", reason="-").status_code == 403
    assert client.get(page("appeal", "changelist")).status_code == 403
    assert client.get(page("auditline", "changelist")).status_code == 403
    assert act(client, "sanction", sanction, "other").status_code == 404


def test_appeal_is_decided_by_another_person_than_the_first(client, operator):
    person = make_user()
    sanction = mute(person, actor_id=operator.id)
    appeal, _ = appeal_decision(user_id=person.id, decision_id=sanction.id, text="foi engano")

    act(client, "appeal", appeal, "overturn", reason="reviewed")
    appeal.refresh_from_db()
    assert appeal.state == "open"  # their own decision

    client.force_login(make_staff("view_appeal", "decide_appeal"))
    act(client, "appeal", appeal, "overturn", reason="reviewed", public_note="Desculpe.")
    appeal.refresh_from_db()
    assert (appeal.outcome, appeal.public_note) == ("overturned", "Desculpe.")
    assert Sanction.objects.get().lifted_at is not None


def test_suspension_is_lifted_on_its_page(client, operator):
    suspension = make_suspension(make_user())

    act(client, "reportingsuspension", suspension, "lift", reason="-")

    suspension.refresh_from_db()
    assert suspension.lifted_by == operator


def test_hold_is_added_and_released_by_the_services(client, operator):
    message = make_message()
    client.post(
        page("legalhold", "add"),
        {"subject_type": "message", "subject_id": str(message.id), "reference": "Ofício 7"},
    )
    hold = LegalHold.objects.get()
    assert (hold.author, hold.actor) == (message.author, operator)
    unknown = {"subject_type": "user", "subject_id": str(new_id()), "reference": "-"}
    assert client.post(page("legalhold", "add"), unknown).status_code == 200  # the form again
    assert LegalHold.objects.count() == 1

    act(client, "legalhold", hold, "release", reason="arquivado")

    hold.refresh_from_db()
    assert hold.released_by == operator
    client.get(page("legalhold", "change", hold.pk))
    client.get(page("legalhold", "changelist"))
    actions = AuditLine.objects.order_by("id").values_list("action", flat=True)
    assert [each for each in actions if each != "admin_read"] == [
        "hold_added",
        "hold_released",
        "admin_listed",
    ]
    assert "admin_read" in actions


def test_queue_is_created_changed_and_deleted_by_the_services(client, operator):
    group, room_id = Group.objects.create(name="crianças"), str(new_id())
    values = {
        "name": "urgente",
        "position": "1",
        "target_seconds": "7200",
        "category": ["child_safety"],
        "room": room_id,
        "is_escalated": "no",
        "access": [group.pk],
        "permitted": ["remove"],
    }
    client.post(page("queue", "add"), values)
    queue = Queue.objects.get(name="urgente")
    assert queue.filter == {
        "category": ["child_safety"],
        "room": [room_id],
        "is_escalated": False,
    }
    assert (list(queue.groups.all()), queue.measures) == ([group], ["remove"])
    shown = client.get(page("queue", "change", queue.pk)).content.decode()
    assert room_id in shown

    client.post(page("queue", "change", queue.pk), values | {"room": "x"})
    assert Queue.objects.get(name="urgente").filter == queue.filter
    client.post(page("queue", "change", queue.pk), values | {"room": "", "access": []})
    assert "room" not in Queue.objects.get(name="urgente").filter
    assert not queue.groups.exists()
    client.post(page("queue", "delete", queue.pk), {"post": "yes"})
    assert not Queue.objects.filter(name="urgente").exists()
    actions = AuditLine.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["queue_created", "queue_changed", "queue_deleted"]


def test_audit_lines_are_never_changed(client, operator):
    line = AuditLine.objects.create(actor=operator, action="zz")

    assert client.get(page("auditline", "add")).status_code == 403
    assert client.post(page("auditline", "delete", line.pk), {"post": "yes"}).status_code == 403
    client.post(page("auditline", "change", line.pk), {"action": "other"})
    assert AuditLine.objects.get().action == "zz"


def test_cases_of_closed_queues_are_left_out(client):
    Queue.objects.all().delete()
    queue = Queue.objects.create(name="restrita", position=1, filter={"subject": ["person"]})
    queue.groups.set([Group.objects.create(name="crianças")])
    report = make_rejected_reports(make_user(), count=1)
    client.force_login(make_staff("view_case", "view_report"))

    assert client.get(page("report", "change", report.pk)).status_code == 302
    queue.groups.clear()
    assert client.get(page("report", "change", report.pk)).status_code == 200


def test_lists_cost_the_same_however_long(client, operator):
    def grow():
        person, room = make_user(), make_room()
        make_member(room, user=person)
        case = Case.objects.create(
            subject_type="message", subject_id=new_id(), revision=1, text="zz", author=person
        )
        ruling = Ruling.objects.create(
            case=case, subject_type="message", subject_id=case.subject_id, revision=1,
            author=person, actor=make_user(), content="remove", reason="spam",
            effective_at=timezone.now(), undo_until=timezone.now(),
        )  # fmt: skip
        sanction = mute(person, actor_id=ruling.actor_id)
        suspension = make_suspension(person)
        make_rejected_reports(person, count=2)
        Appeal.objects.create(
            appellant=person, decision_type="suspension", decision_id=suspension.id,
            subject_type="person", subject_id=person.id, text="-", due_at=timezone.now(),
        )  # fmt: skip
        PersonBlock.objects.create(blocker=person, blocked=sanction.actor)
        AuditLine.objects.create(actor=person, action="zz", subject_type="user")
        queue = Queue.objects.create(name=str(case.pk))
        queue.groups.set([Group.objects.create(name=str(case.pk))])

    models = (
        "ruling", "sanction", "reportingsuspension", "report", "appeal", "personblock",
        "auditline", "queue",
    )  # fmt: skip

    def costs():
        found = {}
        for model in models:
            with CaptureQueriesContext(connection) as captured:
                assert client.get(page(model, "changelist")).status_code == 200
            found[model] = len(captured)
        return found

    grow()
    costs()  # the content types are read once
    before = costs()
    grow()
    grow()

    assert costs() == before


def test_people_are_found_by_name_mail_and_id(client, operator):
    ana, other = make_user(name="Ana Souza", email="ana@example.com"), make_user(name="Rui")
    mine, theirs = mute(ana), mute(other)

    for asked in ("Souza", "ana@example.com", str(ana.id), str(mine.id)):
        shown = client.get(page("sanction", "changelist"), {"q": asked}).content.decode()
        assert str(mine.pk) in shown
        assert str(theirs.pk) not in shown


def test_records_of_restricted_cases_exist_only_for_those_who_may_see_them(client):
    report = make_rejected_reports(make_user(), count=1)
    Case.objects.filter(pk=report.case_id).update(
        subject_id=report.subject_id, categories=["child_safety"]
    )
    client.force_login(make_staff("view_case", "view_report"))

    assert str(report.pk) not in client.get(page("report", "changelist")).content.decode()
    assert client.get(page("report", "change", report.pk)).status_code == 302
    assert not AuditLine.objects.exists()

    client.force_login(make_staff("view_case", "view_report", "view_restricted_case"))
    assert client.get(page("report", "change", report.pk)).status_code == 200
    assert str(report.pk) in client.get(page("report", "changelist")).content.decode()
    looks = AuditLine.objects.filter(action="restricted_case_seen", subject_id=report.case_id)
    assert looks.count() == 2
