"""The last active superuser keeps the account, whatever the entry point."""

import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from moderado.accounts.errors import LastSuperuser
from moderado.accounts.models import User
from moderado.accounts.services import accounts
from moderado.enforcement.models import Erasure
from moderado.enforcement.services import erasures
from tests.factories import PASSWORD, make_user
from tests.integration.privacy.test_export import client_of

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
