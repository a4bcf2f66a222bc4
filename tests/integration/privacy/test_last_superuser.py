"""The last active superuser keeps the account, whatever the entry point."""

import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from moderado.accounts.admin import UserForm
from moderado.accounts.errors import LastSuperuser
from moderado.accounts.models import User
from moderado.accounts.services import accounts
from moderado.enforcement.models import Erasure
from moderado.enforcement.services import erasures
from moderado.enforcement.services.sanctions import apply_sanction
from tests.factories import PASSWORD, client_of, make_user
from tests.integration.accounts.test_admin_rights import form_of

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S114")]

ERASURE = "/api/me/erasure/"


@pytest.fixture
def root():
    return make_user(is_staff=True, is_superuser=True)


def ask(user, language="en"):
    answer = client_of(user).post(
        ERASURE, {"password": PASSWORD}, format="json", HTTP_ACCEPT_LANGUAGE=language
    )
    return answer.status_code, answer.json()


def test_last_superuser_cannot_erase_their_account(root):
    english = ask(root)[1]
    User.objects.filter(pk=root.pk).update(language="pt-br", language_chosen=True)
    status, portuguese = ask(root, "pt-br")

    assert (status, portuguese["code"], english["code"]) == (409, *["last_superuser"] * 2)
    assert portuguese["detail"] != english["detail"]
    with pytest.raises(CommandError):
        call_command("erase", str(root.id), stdout=StringIO())
    assert not Erasure.objects.exists()


def test_superusers_who_wait_for_their_erasure_do_not_count(root):
    other = make_user(is_staff=True, is_superuser=True)

    assert ask(other)[0] == 202
    assert ask(root)[0] == 409
    assert ask(other)[0] == 202
    erasures.cancel_erasure(user_id=other.id)
    assert ask(root)[0] == 202


def withdraw_by_erasure(user):
    assert ask(user)[0] == 202


def withdraw_by_ban(user):
    with transaction.atomic():
        apply_sanction(
            actor_id=None, user_id=user.id, kind="ban", scope_id=None, term=None, reason="spam"
        )


def be_demoted(user):
    form = UserForm(form_of(user) | {"is_staff": "on"}, instance=User.objects.get(pk=user.pk))
    if form.non_field_errors():
        raise LastSuperuser


WITHDRAWALS = {
    "erased": lambda user: erasures.order_erasure(actor_id=None, user_id=user.id),
    "deactivated": lambda user: accounts.deactivate(user_id=user.id),
    "demoted": be_demoted,
    "banned": withdraw_by_ban,
}


@pytest.mark.parametrize("act", WITHDRAWALS)
@pytest.mark.parametrize("withdraw", [withdraw_by_erasure, withdraw_by_ban])
def test_superusers_who_cannot_act_or_will_not_stay_do_not_count(root, withdraw, act):
    other = make_user(is_staff=True, is_superuser=True)
    withdraw(other)

    with pytest.raises(LastSuperuser):
        WITHDRAWALS[act](root)
    make_user(is_staff=True, is_superuser=True)
    WITHDRAWALS[act](root)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_superusers_stays(root):
    other = make_user(is_staff=True, is_superuser=True)
    start, outcomes = threading.Barrier(2), []

    def leave(user):
        start.wait()
        try:
            accounts.deactivate(user_id=user.id)
            outcomes.append("left")
        except LastSuperuser:
            outcomes.append("stays")
        finally:
            connection.close()

    both = [threading.Thread(target=leave, args=(user,)) for user in (root, other)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert sorted(outcomes) == ["left", "stays"]
    assert User.objects.filter(is_superuser=True, is_active=True).count() == 1
