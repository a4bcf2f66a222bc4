"""Each act of staff leaves an audit line; without a demanded second factor there is no act."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient

from moderado.accounts.models import Session
from moderado.accounts.services.sessions import open_session
from moderado.core.ids import new_id
from moderado.enforcement.audit_labels import audit_label
from moderado.enforcement.models import AuditLine
from tests.factories import make_staff, make_user
from tests.second_factor import confirm_all
from tests.security.access_table import BODIES, ROLES, expected, rows
from tests.security.scene import Scene, snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S78")]

WRITES = ("POST", "PUT", "PATCH", "DELETE")
# Writes of staff without a line, and why.
WITHOUT_LINE = {
    "POST moderation/try/": "stores nothing",
    "POST moderation/cases/{case}/claim/": "a lease that decides nothing",
    "POST moderation/cases/{own_case}/claim/": "a lease that decides nothing",
    "POST enforcement/cases/{case}/claim/": "a lease that decides nothing",
    "POST enforcement/cases/{own_case}/claim/": "a lease that decides nothing",
    "POST enforcement/cases/{case}/release/": "ends a lease",
}
# Reads of staff with a line.
RESTRICTED = {
    "GET moderation/logs/{log}/",
    "GET moderation/cases/{case}/",
    "GET moderation/cases/{own_case}/",
    "GET enforcement/cases/{case}/",
    "GET enforcement/cases/{own_case}/",
}


@pytest.fixture
def scene():
    return Scene(is_private=True)


def staff_rows():
    """Yield the rows that their rights as staff open, and no other role of the stranger's kind."""
    for method, path, cells in rows():
        by_role = dict(zip(ROLES, cells, strict=True))
        outcomes = {
            role: expected(by_role[role], is_private=True) for role in ("stranger", "staff")
        }
        if outcomes["staff"].startswith("2") and not outcomes["stranger"].startswith("2"):
            yield method, path


def lines_of(scene, method, path):
    """Return the status of a request as staff and the lines that it left; roll it back."""
    with transaction.atomic():
        before = AuditLine.objects.count()
        answer = scene.ask("staff", method, path, BODIES.get(f"{method} {path}"))
        found = list(AuditLine.objects.order_by("id")[before:])
        transaction.set_rollback(True)
    return answer, found


@pytest.fixture(scope="module")
def remembered():
    return {}


@pytest.fixture
def acts(remembered, request):
    """Return (row, staff, answer, lines) of each row, asked once for the whole module."""
    if not remembered:
        scene = request.getfixturevalue("scene")
        for method, path in staff_rows():
            act = scene.people["staff"], *lines_of(scene, method, path)
            remembered[f"{method} {path}"] = act
    return [(row, *act) for row, act in remembered.items()]


def test_each_act_of_staff_and_each_restricted_look_leaves_a_line(acts):
    without, unexpected = [], []

    for row, staff, answer, found in acts:
        method = row.partition(" ")[0]
        assert answer.status_code < 300, row
        is_due = row in RESTRICTED if method == "GET" else row not in WITHOUT_LINE
        if not is_due:
            unexpected += [row] if found else []
        elif not any(line.actor_id == staff.id and line.action for line in found):
            without.append(row)
        assert all(audit_label(line.action) != line.action for line in found), row  # has words

    assert without == []
    assert unexpected == []


def test_each_exception_is_a_row():
    known = {f"{method} {path}" for method, path in staff_rows()}

    assert {*WITHOUT_LINE, *RESTRICTED} <= known


def test_lines_have_no_words_about_persons(acts):
    words = {"-", "fila", "Leia", "spam"}  # of the bodies of the table
    for row, _, _, found in acts:
        if row.startswith(WRITES):
            for line in found:
                # The reference of an order is written, so that the order can be found.
                texts = {
                    str(text)
                    for name, text in line.details.items()
                    if name not in {"reference", "order"}
                }
                assert not texts & words, (row, line.details)


def test_staff_without_the_demanded_second_factor_cannot_act(scene, settings):
    settings.STAFF_SECOND_FACTOR = "required"
    before, refused = snapshot(), {}

    for method, path in staff_rows():
        answer, _ = lines_of(scene, method, path)
        refused[f"{method} {path}"] = (answer.status_code, answer.json().get("code"))

    assert set(refused.values()) == {(403, "second_factor_required")}
    assert snapshot() == before

    confirm_all(actor_id=None, user_id=scene.people["staff"].id)
    answer, _ = lines_of(scene, "GET", "enforcement/audit/")
    assert answer.status_code == 200
    assert AuditLine.objects.filter(action="second_factor_confirmed", actor=None).exists()


def test_members_and_moderators_of_rooms_need_no_second_factor(scene, settings):
    settings.STAFF_SECOND_FACTOR = "required"

    for role, path in (("member", "chat/rooms/"), ("moderator", "enforcement/cases/")):
        assert scene.ask(role, "GET", path).status_code == 200
    # Staff chat like other members.
    assert scene.ask("staff", "GET", "chat/rooms/").status_code == 200
    assert scene.ask("staff", "GET", "auth/users/?search=Ad").status_code == 200


def test_admin_is_closed_without_the_demanded_second_factor(settings):
    staff, browser = make_staff("view_sanction"), Client()
    browser.force_login(staff)
    assert browser.get("/admin/").status_code == 200
    settings.STAFF_SECOND_FACTOR = "required"

    for path in ("/admin/", "/admin/enforcement/sanction/"):
        answer = browser.get(path)
        assert answer.status_code == 403
        assert 'data-code="second_factor_required"' in answer.content.decode()
    assert Client().get("/admin/login/").status_code == 200

    session = Session.objects.get(user=staff)
    call_command("secondfactor", "--session", str(session.id), stdout=StringIO())
    assert browser.get("/admin/enforcement/sanction/").status_code == 200


@pytest.mark.proves("S197")
def test_staff_without_the_demanded_second_factor_create_no_room(settings):
    settings.STAFF_SECOND_FACTOR, settings.ROOM_CREATION = "required", "staff"
    settings.MEMBER_ROOM_MODES = ["pre", "post"]
    staff, member = make_staff("view_sanction"), make_user()
    client, path = APIClient(), "/api/chat/rooms/"
    client.force_login(member)
    assert client.post(path, {"name": "x"}, "json").json()["code"] == "room_creation_closed"
    client.force_login(staff)
    assert client.post(path, {"name": "x"}, "json").json()["code"] == "second_factor_required"
    settings.ROOM_CREATION = "anyone"
    room = client.post(path, {"name": "x"}, "json").json()
    mode, own = {"moderation_mode": "off"}, f"{path}{room['id']}/"
    assert client.patch(own, mode, "json").json()["code"] == "second_factor_required"
    refused = client.post(path, {"name": "y", **mode}, "json")
    assert refused.json()["code"] == "second_factor_required"

    call_command("secondfactor", "--user", str(staff.id), stdout=StringIO())

    settings.ROOM_CREATION = "staff"
    assert client.patch(own, mode, "json").status_code == 200
    assert client.post(path, {"name": "y", **mode}, "json").status_code == 201


def proved(sessions):
    found = Session.objects.filter(pk__in=[each.pk for each in sessions])
    return set(found.exclude(second_factor_at=None).values_list("pk", flat=True))


@pytest.mark.proves("S199")
def test_second_factor_is_confirmed_for_one_session_alone():
    staff = make_staff("view_sanction")
    with pytest.raises(CommandError, match="no open session"):
        call_command("secondfactor", "--user", staff.email)
    first = open_session(user=staff)
    out = StringIO()
    call_command("secondfactor", "--user", staff.email, stdout=out)
    assert str(first.id) in out.getvalue()
    stolen, own = open_session(user=staff), open_session(user=staff)

    with pytest.raises(CommandError, match="several sessions") as refusal:
        call_command("secondfactor", "--user", staff.email)
    assert str(stolen.id) in str(refusal.value)
    assert not proved([stolen, own])

    call_command("secondfactor", "--session", str(own.id), stdout=StringIO())
    assert proved([stolen, own]) == {own.id}


def test_second_factor_of_an_unknown_session_is_an_error():
    with pytest.raises(CommandError):
        call_command("secondfactor", "--session", str(new_id()), stdout=StringIO())


def test_audit_is_read_by_actor_action_and_subject(scene):
    asked = "POST", "enforcement/sanctions/{sanction}/lift/"
    scene.ask("staff", *asked, BODIES[" ".join(asked)])
    staff = scene.people["staff"]

    for query in (f"actor={staff.id}", "action=sanction_lifted", "subject_type=sanction"):
        answer = scene.ask("staff", "GET", f"enforcement/audit/?{query}&page_size=1")
        (line,) = answer.json()["results"]
        assert (line["action"], line["actor"]["name"]) == ("sanction_lifted", "Staff")
    assert scene.ask("staff", "GET", "enforcement/audit/?action=other").json()["results"] == []
    assert scene.ask("staff", "GET", "enforcement/audit/?actor=x").status_code == 400
