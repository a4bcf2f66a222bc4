"""Accounts: valid and invalid values."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection

from moderado.accounts.errors import NotAuthenticated, RegistrationClosed
from moderado.accounts.models import User
from moderado.accounts.selectors import users_matching
from moderado.accounts.services import accounts, names
from moderado.core.errors import Invalid
from moderado.moderation.services.subject_screening import screen_waiting
from tests.factories import make_user

pytestmark = pytest.mark.django_db

GOOD = {"email": "ana@example.org", "name": "Ana", "password": "uma frase bem longa"}


def refused(**changes):
    with pytest.raises(Invalid) as refusal:
        accounts.register(**GOOD | changes)
    return set(refusal.value.fields)


def test_registration_stores_the_given_values():
    user = accounts.register(**GOOD, language="en")
    screen_waiting()
    user.refresh_from_db()

    assert (user.email, user.name, user.language) == ("ana@example.org", "Ana", "en")
    assert user.check_password(GOOD["password"])
    assert not user.is_staff


def test_all_registration_errors_are_reported_together():
    assert refused(email="no", name=" ", password="1", language="xx") == {
        "email",
        "name",
        "password",
        "language",
    }


@pytest.mark.parametrize(
    "password",
    ["short", "12345678901234", "password1234", "ana@example.org", "x" * 257],
)
def test_weak_password_is_refused(password):
    assert refused(password=password) == {"password"}


def test_password_similar_to_the_name_is_refused():
    assert refused(name="Anastasia Romanova", password="anastasiaromanova") == {"password"}


def test_email_is_unique_ignoring_case():
    accounts.register(**GOOD)

    assert refused(email=" ANA@EXAMPLE.ORG") == {"email"}


@pytest.mark.django_db(transaction=True)
def test_concurrent_registrations_of_one_email_create_one_account():
    start = Barrier(6)

    def attempt(_):
        start.wait(10)
        try:
            return accounts.register(**GOOD)
        except Invalid as error:
            return set(error.fields)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(attempt, range(6)))

    assert sum(isinstance(answer, User) for answer in answers) == User.objects.count() == 1
    assert answers.count({"email"}) == 5


@pytest.mark.parametrize(
    "given, kept",
    [
        ("  Ana \t\n Maria ", "Ana Maria"),
        ("A\u202ena", "Ana"),  # right-to-left override
        ("Ana\u200b", "Ana"),
        ("Jose\u0301", "Jos\u00e9"),
        ('Ana\n{"level":"error"}', 'Ana {"level":"error"}'),
        ("<b>Ana</b>", "<b>Ana</b>"),
    ],
)
def test_name_has_one_line_and_no_hidden_characters(given, kept):
    assert names.clean_name(given) == kept


@pytest.mark.parametrize("name", ["", " ", "\u3164", "\u2800\u2800", "\u200b", "\x00", "x" * 81])
def test_blank_or_too_long_name_is_refused(name):
    assert refused(name=name) == {"name"}


def test_profile_update_changes_only_given_fields():
    user = make_user(name="Ana", language="pt-br")

    accounts.update_profile(user_id=user.id, language="en")

    user.refresh_from_db()
    assert (user.name, user.language) == ("Ana", "en")


def test_profile_update_of_an_unknown_account_is_refused():
    with pytest.raises(NotAuthenticated):
        accounts.update_profile(user_id=uuid4(), name="Ana")


def test_user_search_matches_names_but_not_emails():
    ana = make_user(name="Ana Souza", email="secret@example.org")
    make_user(name="Bia")
    make_user(name="Ana Gone", is_active=False)

    assert list(users_matching("ana")) == list(users_matching(" A\x00na ")) == [ana]
    assert list(users_matching("secret")) == []
    assert list(users_matching("%")) == []


def test_createsuperuser_command_works(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "uma frase bem longa")

    call_command("createsuperuser", "--noinput", email="Root@Example.org", name="Root", verbosity=0)

    root = User.objects.get(email="root@example.org")
    assert (root.is_staff, root.is_superuser, root.name) == (True, True, "Root")


@pytest.mark.proves("S55")
@pytest.mark.parametrize("name", ["Mara (moderadora)", "Аdmin", "5uporte"])
def test_only_staff_may_have_a_reserved_name(name):
    assert refused(name=name) == {"name"}

    staff, member = make_user(is_staff=True), make_user()
    accounts.update_profile(user_id=staff.id, name=name)
    with pytest.raises(Invalid):
        accounts.update_profile(user_id=member.id, name=name)


@pytest.mark.proves("S55")
def test_name_of_staff_cannot_be_imitated():
    make_user(name="Mara Lima", is_staff=True)
    make_user(name="Bia")

    assert refused(name="Mаra.Lima") == {"name"}
    accounts.register(**GOOD | {"name": "Bia"})


@pytest.mark.proves("S55")
def test_spellings_of_one_address_are_one_account():
    user = accounts.register(**GOOD | {"email": "ana@bu\u0308cher.example"})

    assert refused(email="ANA@xn--bcher-kva.example") == {"email"}
    assert User.objects.get_by_natural_key("ana@B\u00dcCHER.example") == user


@pytest.mark.proves("S55")
def test_accounts_that_share_an_address_from_before_keep_their_sign_in():
    first, second = make_user(email="jos\u00e9@example.org"), make_user()
    User.objects.filter(pk=second.pk).update(email="jose\u0301@example.org", email_key=None)

    assert User.objects.get_by_natural_key("jos\u00e9@example.org") == first
    assert User.objects.get_by_natural_key("jose\u0301@example.org") == second
    second.refresh_from_db()
    second.save()  # as the admin does
    assert User.objects.get(pk=second.pk).email_key is None


def test_closed_registration_creates_no_account(settings):
    settings.REGISTRATION = "closed"

    with pytest.raises(RegistrationClosed):
        accounts.register(**GOOD)
