"""Staff gain no rights that they do not hold, and confirm sensitive actions with their password."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from moderado.accounts.models import Session, User
from moderado.accounts.services import sessions
from moderado.accounts.types import CONFIRMED_KEY
from moderado.core.admin import Audited, ReadOnly
from moderado.enforcement.models import Erasure
from moderado.enforcement.services import erasures, holds
from tests.admin import act
from tests.factories import PASSWORD, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S49")]

USERS = "/admin/accounts/user"


@pytest.fixture
def support():
    """Staff who may change accounts, sessions and groups, and nothing else."""
    return make_staff(
        "view_user", "change_user", "add_user", "view_session", "change_session",
        "view_group", "change_group", "add_group", "delete_group", name="Support",
    )  # fmt: skip


@pytest.fixture
def root():
    return make_user(is_staff=True, is_superuser=True, name="Root")


@pytest.fixture
def browser(client, support):
    client.force_login(support)
    return client


def form_of(user, **changes):
    form = {"email": user.email, "name": user.name, "language": user.language}
    return form | ({"is_active": "on"} if user.is_active else {}) | changes


def inline():
    return {"sessions-TOTAL_FORMS": "0", "sessions-INITIAL_FORMS": "0"}


def state(user):
    user = User.objects.get(pk=user.pk)
    rights = (user.is_active, user.is_staff, user.is_superuser)
    granted = (*user.groups.values_list("pk"), *user.user_permissions.values_list("pk"))
    return user.email, user.password, rights, sorted(granted)


def end_confirmation(client):
    """Make the last entry of the password as old as can be."""
    session = client.session
    session[CONFIRMED_KEY] = 0
    session.save()


def change(browser, user, **changes):
    return browser.post(f"{USERS}/{user.pk}/change/", form_of(user, **changes) | inline())


def every_right():
    return {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [Group.objects.create(name="powerful").pk],
        "user_permissions": list(Permission.objects.values_list("pk", flat=True)[:5]),
    }


@pytest.mark.parametrize("whom", ["oneself", "another"])
def test_change_user_grants_no_rights(browser, support, whom):
    user = support if whom == "oneself" else make_user()
    before = state(user)

    answer = change(browser, user, **every_right())

    assert answer.status_code == 302
    assert state(user) == before


@pytest.mark.parametrize("kind", ["superuser", "inactive superuser", "operator", "former operator"])
def test_accounts_with_more_rights_cannot_be_taken_over(browser, kind):
    active = not kind.startswith(("inactive", "former"))
    if "superuser" in kind:
        user = make_user(is_staff=True, is_superuser=True, is_active=active)
    else:
        user = make_staff("change_room", is_active=active)
    before = state(user)
    passwords = {"password1": "uma frase bem longa", "password2": "uma frase bem longa"}

    answers = [
        change(browser, user, email="mine@example.org"),
        change(browser, user, is_active="on"),
        browser.post(f"{USERS}/{user.pk}/password/", passwords),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert state(user) == before


def erase(user, *, is_held):
    if is_held:
        hold = {"actor_id": None, "subject_type": "user", "subject_id": user.pk}
        holds.add_hold(**hold, author_id=user.pk, reference="-")
    erasures.order_erasure(actor_id=None, user_id=user.pk)


@pytest.mark.proves("S161")
@pytest.mark.parametrize("is_held", [False, True], ids=["erased", "held"])
def test_account_that_an_erasure_has_closed_is_not_opened_again(client, root, is_held):
    user = make_user()
    erase(user, is_held=is_held)
    client.force_login(root)
    passwords = {"password1": "uma frase bem longa", "password2": "uma frase bem longa"}

    answers = [
        change(client, user, is_active="on"),
        client.post(f"{USERS}/{user.pk}/password/", passwords | {"usable_password": "true"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    after = User.objects.get(pk=user.pk)
    assert (after.is_active, after.has_usable_password()) == (False, False)
    assert client.get(f"{USERS}/{user.pk}/change/").status_code == 200


@pytest.mark.proves("S161")
@pytest.mark.parametrize("form", ["change", "password"])
def test_erasure_that_closes_an_account_meanwhile_is_not_overwritten(
    client, root, form, monkeypatch
):
    user, read = make_user(), admin.ModelAdmin.get_object
    client.force_login(root)

    def read_before_the_order(*args, **options):
        found = read(*args, **options)
        erase(user, is_held=True)
        return found

    monkeypatch.setattr(admin.ModelAdmin, "get_object", read_before_the_order)
    passwords = {"password1": "uma frase bem longa", "password2": "uma frase bem longa"}
    if form == "change":
        answer = change(client, user, name="Outra")
    else:
        passwords |= {"usable_password": "true"}
        answer = client.post(f"{USERS}/{user.pk}/password/", passwords)

    assert answer.status_code == 403  # which has rolled the order of this test back


@pytest.mark.proves("S161")
def test_account_that_may_still_withdraw_its_request_is_opened_again(client, root):
    user = make_user(is_active=False)
    due_at = timezone.now() + timedelta(days=1)
    Erasure.objects.create(user=user, requested_by=user, due_at=due_at)
    client.force_login(root)

    assert change(client, user, is_active="on").status_code == 302
    assert User.objects.get(pk=user.pk).is_active


def test_accounts_without_rights_can_be_changed(browser):
    user = make_user()

    assert change(browser, user, email="other@example.org").status_code == 302

    assert state(user)[0] == "other@example.org"


@pytest.mark.parametrize("action", ["deactivate", "end_sessions"])
def test_bulk_actions_spare_accounts_with_more_rights(browser, root, action):
    user = make_user()
    for one in (root, user):
        sessions.open_session(user=one)

    act(browser, action, root, user)

    assert User.objects.get(pk=root.pk).is_active
    assert Session.objects.filter(user=root, ended_at=None).exists()
    assert not Session.objects.filter(user=user, ended_at=None).exists()


def test_sessions_of_a_superuser_are_not_ended_by_others(browser, root):
    session = sessions.open_session(user=root)

    act(browser, "end", session)

    session.refresh_from_db()
    assert session.ended_at is None


def test_groups_are_changed_by_superusers_only(browser, support):
    group = Group.objects.create(name="support")
    support.groups.add(group)
    everything = list(Permission.objects.values_list("pk", flat=True))
    form = {"name": "support", "permissions": everything}

    answers = [
        browser.post(f"/admin/auth/group/{group.pk}/change/", form),
        browser.post("/admin/auth/group/add/", form | {"name": "mine"}),
        browser.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert group.permissions.count() == 0


def test_superusers_grant_rights(client, root):
    client.force_login(root)
    user = make_user()
    group = Group.objects.create(name="helpers")

    assert change(client, user, is_staff="on", groups=[group.pk]).status_code == 302

    user.refresh_from_db()
    assert user.is_staff
    assert list(user.groups.all()) == [group]


SENSITIVE = {
    "a permission": lambda user: (f"{USERS}/{user.pk}/change/", form_of(user) | inline()),
    "a password": lambda user: (f"{USERS}/{user.pk}/password/", {"password1": "x"}),
    "a bulk action": lambda _: (f"{USERS}/", {"action": "deactivate"}),
    "a bulk action elsewhere": lambda _: ("/admin/chat/room/", {"action": "close"}),
    "a group": lambda _: ("/admin/auth/group/add/", {"name": "new"}),
    "one's own password": lambda _: ("/admin/password_change/", {"old_password": PASSWORD}),
}


@pytest.mark.proves("S108")
@pytest.mark.parametrize("flag", ["is_active", "is_staff", "is_superuser"])
def test_last_active_superuser_stays_one(client, root, flag):
    make_user(is_staff=True, is_superuser=True, is_active=False)
    client.force_login(root)
    before = state(root)
    rights = {each: "on" for each in ("is_active", "is_staff", "is_superuser") if each != flag}
    form = {name: value for name, value in form_of(root).items() if name != flag} | rights

    answer = client.post(f"{USERS}/{root.pk}/change/", form | inline())

    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors()
    assert state(root) == before
    make_user(is_staff=True, is_superuser=True)
    assert client.post(f"{USERS}/{root.pk}/change/", form | inline()).status_code == 302


@pytest.mark.parametrize("what", SENSITIVE)
def test_sensitive_action_asks_for_the_password_again(client, root, what):
    client.force_login(root)
    end_confirmation(client)
    path, form = SENSITIVE[what](make_user())
    entries = LogEntry.objects.count()

    answer = client.post(path, form)

    assert answer.status_code == 403
    assert b'name="confirm_password"' in answer.content
    assert LogEntry.objects.count() == entries
    assert not User.objects.filter(is_active=False).exists()


@pytest.mark.parametrize("path", ["/admin/", f"{USERS}/", "/admin/chat/room/?q=x"])
def test_reading_needs_no_confirmation(client, root, path):
    client.force_login(root)
    end_confirmation(client)

    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["add/", "{pk}/password/"])
def test_pages_with_passwords_ask_before_they_are_shown(client, root, path):
    client.force_login(root)
    end_confirmation(client)
    page = f"{USERS}/{path.format(pk=make_user().pk)}"
    asked = client.get(page)

    answer = client.post(page, {"confirm_password": PASSWORD, "confirm_method": "GET"})

    assert asked.status_code == 403
    assert (answer.status_code, answer.headers["Location"]) == (302, page)
    assert client.get(page).status_code == 200


def test_confirmed_action_is_carried_out_with_its_fields(client, root):
    client.force_login(root)
    end_confirmation(client)
    user = make_user()
    form = form_of(user, email="new@example.org", is_staff="on") | inline()
    asked = client.post(f"{USERS}/{user.pk}/change/", form).content.decode()
    assert 'name="email" value="new@example.org"' in asked

    answer = client.post(
        f"{USERS}/{user.pk}/change/",
        form | {"confirm_password": PASSWORD, "confirm_method": "POST"},
    )

    assert answer.status_code == 302
    user.refresh_from_db()
    assert (user.email, user.is_staff) == ("new@example.org", True)


def test_wrong_confirmation_changes_nothing_and_is_limited(client, root, settings, caplog):
    settings.LIMIT_SIGN_IN_PER_ACCOUNT = "3/minute"
    client.force_login(root)
    end_confirmation(client)
    user = make_user()
    wrong = {"action": "deactivate", "_selected_action": [str(user.pk)]}
    wrong |= {"confirm_password": "wrong", "confirm_method": "POST"}

    answers = [client.post(f"{USERS}/", wrong) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert int(answers[-1].headers["Retry-After"]) >= 1
    user.refresh_from_db()
    assert user.is_active
    assert "wrong_confirmation" in caplog.text
    assert client.post(f"{USERS}/", {"action": "deactivate"}).status_code == 403


def test_passwords_are_not_repeated_in_the_form(client, root):
    client.force_login(root)
    end_confirmation(client)
    form = {"password1": "canary-canary", "password2": "canary-canary", "name": "<script>"}

    answer = client.post(f"{USERS}/add/", form)

    assert b"canary" not in answer.content
    assert b"<script>" not in answer.content.split(b"<main")[-1].split(b"confirm_method")[-1]


def test_confirmation_cannot_be_set_for_the_future(client, root):
    client.force_login(root)
    session = client.session
    session[CONFIRMED_KEY] = 10**12
    session.save()

    assert client.post(f"{USERS}/", {"action": "deactivate"}).status_code == 403


@pytest.mark.parametrize("action", ["deactivate", "end_sessions"])
def test_bulk_action_leaves_a_line_for_each_account(client, root, action, caplog):
    client.force_login(root)
    users = [make_user(), make_user()]

    act(client, action, *users)

    ids = {str(user.pk) for user in users}
    assert set(LogEntry.objects.values_list("object_id", flat=True)) == ids
    lines = [r.msg for r in caplog.records if r.msg.get("event") == "admin_acted"]
    assert {line["record_id"] for line in lines} == ids
    assert {line["action"] for line in lines} == {action}
    assert not [user for user in users if user.email in caplog.text]


def test_changed_password_and_group_leave_lines(client, root, caplog):
    client.force_login(root)
    user = make_user()
    passwords = {"password1": "uma frase bem longa", "password2": "uma frase bem longa"}

    client.post(f"{USERS}/{user.pk}/password/", passwords | {"usable_password": "true"})
    client.post("/admin/auth/group/add/", {"name": "helpers"})
    group = Group.objects.get(name="helpers")
    client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})

    lines = [r.msg for r in caplog.records if r.msg.get("event") == "admin_acted"]
    assert [(line["record"], line["action"]) for line in lines] == [
        ("accounts.user", "change"),
        ("auth.group", "add"),
        ("auth.group", "delete"),
    ]
    assert "frase" not in caplog.text


def test_every_admin_page_is_audited_or_read_only():
    unaudited = [
        model.__name__
        for model, page in admin.site._registry.items()
        if not isinstance(page, Audited | ReadOnly)
    ]

    assert unaudited == []
