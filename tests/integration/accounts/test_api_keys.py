"""API keys of other systems: made, listed, used and revoked."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from moderado.accounts.models import ApiKey
from moderado.accounts.services.api_keys import create_api_key, revoke_api_key, use_api_key
from moderado.core.errors import Invalid, NotFound
from tests.admin import act
from tests.factories import make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S63")]


def make_key(**fields):
    return create_api_key(**{"name": "forum", "scopes": ["judge"], "actor_id": None, **fields})


def command(*arguments):
    output = StringIO()
    call_command("keys", *arguments, stdout=output, stderr=StringIO())
    return output.getvalue().strip()


def test_key_is_found_by_its_secret_alone():
    made = make_key()

    assert made.key.startswith("mk_")
    assert len(made.key) == 46
    assert use_api_key(made.key).id == made.id
    for wrong in ("", "mk_", made.key[:-1], f"{made.key}x", made.key.upper(), "é", str(made.id)):
        assert use_api_key(wrong) is None


def test_key_is_stored_as_a_keyed_digest_and_never_logged(settings, capfd, caplog):
    made = make_key()
    use_api_key(made.key)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(k)::text FROM accounts_apikey k")
        (row,) = cursor.fetchone()
    out, err = capfd.readouterr()

    assert made.key not in row + out + err + caplog.text
    settings.SECRET_KEY = "another one of the same length as the first"
    assert use_api_key(made.key) is None


def test_revoked_key_ends_at_once_and_stays_as_a_record():
    made, actor = make_key(), make_user()

    revoke_api_key(api_key_id=made.id, actor_id=actor.id)

    assert use_api_key(made.key) is None
    row = ApiKey.objects.get()
    assert (row.revoked_by, row.revoked_at is not None) == (actor, True)
    with pytest.raises(NotFound):
        revoke_api_key(api_key_id=made.id, actor_id=actor.id)


def test_last_use_is_written_at_most_once_a_minute(django_assert_num_queries):
    key = make_key().key
    with django_assert_num_queries(2):
        use_api_key(key)
    first = ApiKey.objects.get().last_used_at
    assert first is not None

    with django_assert_num_queries(1):
        use_api_key(key)
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    use_api_key(key)

    assert ApiKey.objects.get().last_used_at >= first


@pytest.mark.parametrize(
    "fields", [{"name": " "}, {"name": "x" * 81}, {"scopes": []}, {"scopes": ["admin"]}]
)
def test_bad_key_is_refused(fields):
    with pytest.raises(Invalid):
        make_key(**fields)

    assert not ApiKey.objects.exists()


def test_command_makes_lists_and_revokes():
    key = command("create", "forum", "--scope", "judge")
    (listed,) = json.loads(command("list", "--json"))

    assert use_api_key(key).scopes == {"judge"}
    assert (listed["name"], listed["hint"]) == ("forum", key[:8])
    assert key not in command("list")
    assert command("revoke", listed["id"])
    assert use_api_key(key) is None
    assert "revoked" in command("list")
    with pytest.raises(CommandError):
        command("revoke", listed["id"])


def test_command_writes_json():
    made = json.loads(
        command("create", "forum", "--scope", "judge", "--scope", "suggest", "--json")
    )

    assert use_api_key(made["key"]).scopes == {"judge", "suggest"}
    assert json.loads(command("revoke", made["id"], "--json"))["revoked"] is True


def test_permitted_staff_make_and_revoke_in_the_admin(client):
    client.force_login(make_staff("add_apikey", "view_apikey", "delete_apikey"))
    page = client.post(
        "/admin/accounts/apikey/add/", {"name": "forum", "scopes": ["judge"]}, follow=True
    )
    row = ApiKey.objects.get()
    key = page.content.decode().partition("mk_")[2][:43]

    assert use_api_key(f"mk_{key}").id == row.id
    assert key not in client.get("/admin/accounts/apikey/").content.decode()
    act(client, "revoke", row)
    assert use_api_key(f"mk_{key}") is None


def test_staff_without_permission_see_no_key(client):
    make_key()
    client.force_login(make_staff("view_user"))

    for path in ("", "add/"):
        assert client.get(f"/admin/accounts/apikey/{path}").status_code == 403
