"""Registration with invitations, and closed registration."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.accounts.models import Invitation, User
from moderado.accounts.services import accounts
from moderado.accounts.services.invitations import create_invitation
from moderado.core.errors import Invalid
from tests.admin import act
from tests.factories import make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R69")]

GOOD = {"email": "ana@example.org", "name": "Ana", "password": "uma frase bem longa"}
API = "/api/auth/invitations/"


@pytest.fixture
def invite(settings):
    settings.REGISTRATION = "invite"
    return create_invitation(actor_id=None, note="for Ana").code


def register(**body):
    return APIClient().post("/api/auth/register/", GOOD | body)


def as_staff(*permissions):
    client = APIClient()
    client.force_login(make_staff(*permissions))
    return client


def test_code_registers_one_account_once(invite):
    answer = register(invitation=f" {invite} ")

    assert answer.status_code == 201
    used = Invitation.objects.get()
    assert str(used.used_by_id) == answer.data["user"]["id"]
    again = register(email="bia@example.org", name="Bia", invitation=invite)
    assert (again.status_code, set(again.data["fields"])) == (400, {"invitation"})
    assert User.objects.count() == 1


@pytest.mark.parametrize("code", [None, "", "guessed", "é", "x" * 65])
def test_without_a_code_nobody_registers_or_learns_of_accounts(invite, code):
    make_user(email=GOOD["email"])
    answer = register(**({} if code is None else {"invitation": code}))

    assert (answer.status_code, set(answer.data["fields"])) == (400, {"invitation"})
    assert User.objects.count() == 1


def test_refused_registration_does_not_use_the_code(invite):
    make_user(email="taken@example.org")
    for wrong in ({"password": "1"}, {"name": " "}, {"email": "taken@example.org"}):
        assert register(invitation=invite, **wrong).status_code == 400

    assert Invitation.objects.get().used_at is None
    assert register(invitation=invite).status_code == 201


def test_expired_code_is_refused(invite):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert set(register(invitation=invite).data["fields"]) == {"invitation"}


def test_open_registration_uses_no_code():
    code = create_invitation(actor_id=None).code

    assert register(invitation=code).status_code == 201
    assert Invitation.objects.get().used_at is None


@pytest.mark.django_db(transaction=True)
def test_simultaneous_registrations_use_a_code_once(invite, monkeypatch):
    start = Barrier(4)
    propose = accounts.invitations.use_invitation

    def use_together(*args, **kwargs):
        start.wait(20)
        propose(*args, **kwargs)

    monkeypatch.setattr(accounts.invitations, "use_invitation", use_together)

    def attempt(number):
        try:
            person = GOOD | {"email": f"p{number}@example.org", "name": f"P {number}"}
            accounts.register(**person, invitation=invite)
        except Invalid as refusal:
            return set(refusal.fields)
        finally:
            connection.close()
        return set()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(attempt, range(4)))

    assert sorted(map(len, results)) == [0, 1, 1, 1]
    assert User.objects.count() == 1


def test_code_is_stored_as_a_digest_and_never_logged(invite, capfd, caplog):
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(i)::text FROM accounts_invitation i")
        (row,) = cursor.fetchone()
    register(invitation=invite)

    assert invite not in row
    assert invite.encode().hex() not in row
    out, err = capfd.readouterr()
    assert invite not in out + err + caplog.text


def test_permitted_staff_make_see_and_revoke_invitations_by_rest(settings):
    settings.REGISTRATION = "invite"
    staff = as_staff("add_invitation", "view_invitation", "delete_invitation")

    made = staff.post(API, {"note": "Bia", "days": 2})
    assert made.status_code == 201
    assert "no-store" in made.headers["Cache-Control"]
    (listed,) = staff.get(API).data["results"]
    assert (listed["id"], listed["note"], listed["used_at"]) == (made.data["id"], "Bia", None)
    assert made.data["code"] not in str(listed)
    assert staff.delete(f"{API}{made.data['id']}/").status_code == 204
    assert register(invitation=made.data["code"]).status_code == 400
    assert staff.delete(f"{API}{made.data['id']}/").status_code == 404


def test_used_invitation_stays_as_a_record(invite):
    register(invitation=invite)
    used = Invitation.objects.get()

    staff = as_staff("view_invitation", "delete_invitation")
    assert staff.delete(f"{API}{used.id}/").status_code == 404
    assert Invitation.objects.filter(id=used.id).exists()


@pytest.mark.parametrize("body", [{"days": 0}, {"days": 366}, {"note": "x" * 201}, {"note": "\0"}])
def test_bad_invitation_is_refused(body):
    assert as_staff("add_invitation").post(API, body).status_code == 400


def test_admin_page_shows_the_code_once_and_revokes(client, settings):
    settings.REGISTRATION = "invite"
    client.force_login(make_staff("add_invitation", "view_invitation", "delete_invitation"))
    url = "/admin/accounts/invitation/"

    shown = client.post(f"{url}add/", {"note": "Bia", "days": 3}, follow=True)
    code = shown.content.decode().partition("?invitation=")[2][:22]
    row = Invitation.objects.get()
    assert (row.note, row.created_by.is_staff, shown.status_code) == ("Bia", True, 200)
    assert code not in client.get(url).content.decode()
    assert client.get(f"{url}{row.pk}/change/").status_code == 200
    assert client.post(f"{url}{row.pk}/delete/").status_code == 403
    assert register(invitation=code).status_code == 201
    for _row in (row, Invitation.objects.get(id=create_invitation(actor_id=None).id)):
        act(client, "revoke", _row)
    assert list(Invitation.objects.all()) == [row]


def test_admin_page_of_invitations_needs_the_permission(client):
    client.force_login(make_staff("view_user"))

    assert client.get("/admin/accounts/invitation/").status_code == 403
    assert client.get("/admin/accounts/invitation/add/").status_code == 403


def test_command_prints_a_code_that_registers(settings):
    settings.REGISTRATION = "invite"
    output = StringIO()
    call_command("createinvitation", "--note", "Bia", "--days", "1", stdout=output)
    code, link = output.getvalue().split()

    assert link == f"/register/?invitation={code}"
    assert register(invitation=code).status_code == 201
    with pytest.raises(CommandError):
        call_command("createinvitation", "--days", "0")


def test_page_takes_the_code_of_its_link(invite):
    browser = Client(headers={"accept-language": "pt-BR"})
    page = browser.get(reverse("web:register") + f"?invitation={invite}").content.decode()
    assert f'value="{invite}"' in page
    assert "Convite" in page
    refused = browser.post(reverse("web:register"), GOOD | {"invitation": "guessed"})
    assert (refused.status_code, set(refused.context["form"].errors)) == (422, {"invitation"})

    assert browser.post(reverse("web:register"), GOOD | {"invitation": invite}).status_code == 302
    assert Invitation.objects.get().used_by.email == GOOD["email"]


def test_page_asks_for_no_code_while_registration_is_open(client):
    assert 'name="invitation"' not in client.get(reverse("web:register")).content.decode()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("pt-BR", "O cadastro está fechado"), ("en", "Registration is closed")],
)
def test_closed_registration_is_said_and_not_offered(settings, language, sentence):
    settings.REGISTRATION = "closed"
    browser = Client(headers={"accept-language": language})

    assert reverse("web:register") not in browser.get(reverse("web:sign-in")).content.decode()
    for answer in (
        browser.get(reverse("web:register")),
        browser.post(reverse("web:register"), GOOD),
    ):
        assert answer.status_code == 403
        assert sentence in answer.content.decode()
    answer = register()
    assert (answer.status_code, answer.data["code"]) == (403, "registration_closed")
    assert not User.objects.exists()
