"""Admin pages of accounts and sessions."""

from uuid import uuid4

import pytest

from moderado.accounts.models import Session, User
from moderado.accounts.services import sessions
from moderado.enforcement.services.sanctions import apply_sanction
from moderado.moderation.models import SubjectRevision
from tests.admin import act
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(make_user(name="Operator", is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "page", ["user/", "user/add/", "user/?q=ana", "session/", "session/?state=open"]
)
def test_admin_pages_open(operator, page):
    assert operator.get(f"/admin/accounts/{page}").status_code == 200


def test_account_page_shows_its_sessions(operator):
    user = make_user()
    sessions.open_session(user=user)

    page = operator.get(f"/admin/accounts/user/{user.pk}/change/")

    assert user.email in page.content.decode()
    assert "sessions-0-id" in page.content.decode()


def test_account_created_in_admin_can_sign_in(operator):
    form = {"email": "New@Example.org", "name": "New", "language": "en"}
    passwords = {"password1": "uma frase bem longa", "password2": "uma frase bem longa"}

    operator.post("/admin/accounts/user/add/", form | passwords)

    assert sessions.sign_in(email="new@example.org", password="uma frase bem longa")


def test_deactivation_action_skips_the_acting_user(operator):
    user = make_user()
    session = sessions.open_session(user=user)
    oneself = User.objects.get(name="Operator")

    act(operator, "deactivate", user, oneself)

    session.refresh_from_db()
    user.refresh_from_db()
    oneself.refresh_from_db()
    assert session.ended_at
    assert not user.is_active
    assert oneself.is_active


def test_session_can_only_be_ended(operator):
    session = sessions.open_session(user=make_user())
    page = f"/admin/accounts/session/{session.pk}"

    assert operator.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert operator.post(f"{page}/change/", {"ended_at_0": ""}).status_code == 403
    act(operator, "end", session)

    session.refresh_from_db()
    assert session.ended_at


def test_account_cannot_be_deleted(operator):
    user = make_user()

    answer = operator.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_password_changed_in_admin_ends_every_session(operator):
    user = make_user()
    session = sessions.open_session(user=user)

    operator.post(
        f"/admin/accounts/user/{user.pk}/password/",
        {"password1": "outra frase bem longa", "password2": "outra frase bem longa"},
    )

    session.refresh_from_db()
    assert session.ended_at


def test_ended_session_is_signed_out_of_the_admin(operator):
    sessions.end_session(session_id=Session.objects.get(user__name="Operator").id)

    assert operator.get("/admin/").status_code == 302


def test_admin_sign_in_form_is_rate_limited(client, settings):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "2/minute"
    user = make_user(email=f"{uuid4().hex}@example.org", is_staff=True)
    form = {"username": user.email, "password": "wrong"}
    for _ in range(2):
        client.post("/admin/login/", form)

    right = client.post("/admin/login/", form | {"password": PASSWORD})

    assert right.status_code == 429
    assert int(right.headers["Retry-After"]) > 0
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("page", ["user/add/", "user/{}/change/"])
def test_unusable_name_is_an_error_of_its_field(operator, page):
    user = make_user()
    form = {"email": "new@example.org", "name": "\u3164", "language": "en", "is_active": "on"}
    passwords = {"password1": "uma frase bem longa", "password2": "uma frase bem longa"}
    inline = {f"sessions-{count}_FORMS": 0 for count in ("TOTAL", "INITIAL")}

    answer = operator.post(f"/admin/accounts/{page}".format(user.pk), form | passwords | inline)

    assert answer.status_code == 200
    assert "name" in answer.context["adminform"].form.errors
    assert not User.objects.filter(name="\u3164").exists()


def rename(client, user, name):
    form = {"email": user.email, "name": name, "language": "en", "is_active": "on"}
    rights = {"is_staff": "on", "is_superuser": "on"} if user.is_superuser else {}
    inline = {f"sessions-{count}_FORMS": 0 for count in ("TOTAL", "INITIAL")}
    page = f"/admin/accounts/user/{user.pk}/change/"
    answer = client.post(page, form | rights | inline, follow=True)
    user.refresh_from_db()
    return answer


@pytest.mark.proves("S189")
def test_operators_do_not_decide_about_their_own_names(operator):
    own, other = User.objects.get(name="Operator"), make_user()

    rename(operator, other, "Bia")
    page = rename(operator, own, "Chefe")

    assert (other.name, own.name) == ("Bia", "Operator")
    assert SubjectRevision.objects.get(subject_id=own.id, text="Chefe").status == "PENDING"
    assert "foi avaliado" in page.content.decode()


@pytest.mark.proves("S189")
def test_muted_operator_does_not_rename_themselves(operator):
    own = User.objects.get(name="Operator")
    apply_sanction(
        actor_id=None, user_id=own.id, kind="mute", scope_id=None, term=None, reason="spam"
    )

    page = rename(operator, own, "Chefe")

    assert (page.status_code, own.name) == (200, "Operator")
    assert not SubjectRevision.objects.filter(text="Chefe").exists()
