"""A web host's clock is wrong: no time that the product stores is its own."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from rest_framework.test import APIClient

from moderado.accounts.models import User
from moderado.accounts.services import api_keys, invitations
from moderado.chat.models import Message
from moderado.chat.services import purge_requests, purging, screening
from moderado.chat.services.posting import post_message, post_messages
from moderado.chat.types import SendRequest
from moderado.core import clock as database_clock
from moderado.core import ids
from moderado.core.newcomers import is_newcomer
from moderado.enforcement.models import AccessRecord
from moderado.enforcement.services import access_records
from tests.factories import PASSWORD, make_member, make_room, make_staff, make_user
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R121")]

ERROR = timedelta(minutes=97)  # no term of the product is as long
wrong_by = pytest.mark.parametrize("error", [ERROR, -ERROR], ids=["fast", "slow"])
EVERY_TIME = """
    SELECT format('SELECT %L, count(*) FROM %I WHERE abs(extract(epoch FROM (%s)
                   - clock_timestamp() - interval ''%%s seconds'')) < 300',
                  c.table_name || '.' || c.column_name, c.table_name, CASE c.data_type
                  WHEN 'uuid' THEN format($$CASE WHEN substr(%I::text, 15, 1) = '7' THEN
                    to_timestamp(('x' || left(replace(%I::text, '-', ''), 12))::bit(48)::bigint
                                 / 1000.0) END$$, c.column_name, c.column_name)
                  ELSE quote_ident(c.column_name) END)
      FROM information_schema.columns c JOIN information_schema.tables t USING (table_name)
     WHERE c.table_schema = 'public' AND t.table_schema = 'public' AND table_type = 'BASE TABLE'
       AND (data_type = 'timestamp with time zone' OR c.column_name = 'id' AND data_type = 'uuid')
       AND table_name ~ '^(accounts|chat|moderation|enforcement)_'
"""


def times_of_the_wrong_host(error):
    """Return the columns that hold a time as the wrong clock shows it."""
    with connection.cursor() as cursor:
        cursor.execute(EVERY_TIME)
        statement = " UNION ALL ".join(row[0] for row in cursor.fetchall())
        cursor.execute(statement.replace("%s", str(error.total_seconds())))
        return [name for name, count in cursor.fetchall() if count]


def use_everything(settings):
    """Store rows of many kinds, as people do."""
    settings.ACCESS_RECORDS = True
    email = f"{uuid4().hex}@example.org"
    asked = {"email": email, "name": f"Ana {uuid4().hex[:6]}", "password": PASSWORD}
    client = APIClient()
    tokens = client.post("/api/auth/register/", asked, "json").json()["tokens"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    room = client.post("/api/chat/rooms/", {"name": "Jardim"}, "json").json()["id"]
    author = User.objects.get(email=email)
    rooms = []
    for mode in ("pre", "post"):
        rooms.append(make_member(make_room(moderation_mode=mode), user=author).room_id)
        one = post_message(author_id=author.id, room_id=rooms[-1], text="bom dia").view
        screening.screen_waiting()
        client.patch(
            f"/api/chat/rooms/{rooms[-1]}/messages/{one.id}/", {"content": "boa tarde"}, "json"
        )
        screening.screen_waiting()
    post_messages(
        [SendRequest(author_id=author.id, room_id=room_id, text="x") for room_id in rooms]
    )
    client.post("/api/chat/reports/", {"message": str(one.id), "category": "spam"}, "json")
    client.post("/api/me/blocks/", {"user": str(make_user().id)}, "json")
    key = api_keys.create_api_key(name="key", scopes=["judge"], actor_id=None)
    api_keys.use_api_key(key.key)
    invitations.create_invitation(actor_id=make_staff().id)
    client.delete(f"/api/chat/rooms/{room}/")
    return author


@wrong_by
def test_no_stored_time_is_that_of_the_host(clock, error, settings):
    clock.shift(error)

    author = use_everything(settings)

    assert times_of_the_wrong_host(error) == []
    assert Message.objects.filter(author=author, edited_at__isnull=False).exists()


@wrong_by
def test_purge_finds_what_a_wrong_host_stored(clock, error):
    raider, staff = (
        make_member(make_room()),
        staff_actor("purge_messages"),
    )
    clock.shift(error)
    message = post_message(author_id=raider.user_id, room_id=raider.room_id, text="x").view
    screening.screen_waiting()
    since = database_clock.now() - timedelta(minutes=1)
    clock.shift(-error)

    purge_requests.start_purge(actor=staff, user_id=raider.user_id, since=since, reason="spam")
    while purging.run_slice():
        pass

    assert Message.objects.get(pk=message.id).status == "REMOVED"


def test_seals_hold_what_a_slow_host_writes_later(clock, settings, monkeypatch):
    settings.ACCESS_RECORDS = True
    monkeypatch.setattr(access_records, "_recent", {})
    user = make_user()
    access_records.record_access(user_id=user.id, address="203.0.113.7", port=1)
    access_records.seal_records(settle=timedelta(seconds=-2))
    clock.shift(-ERROR)

    access_records.record_access(user_id=user.id, address="203.0.113.7", port=2)

    assert AccessRecord.objects.count() == 2
    assert access_records.verify_records().altered == ()
    assert access_records.seal_records(settle=timedelta(seconds=-2)) == 1


@wrong_by
def test_account_is_new_for_its_hours_on_every_host(clock, error, settings):
    settings.ENV = settings.ENV.model_copy(update={"newcomer_hours": 1})
    clock.shift(error)
    made = make_user().id
    clock.shift(-error)
    old = ids.first_id(make_user().created_at - timedelta(minutes=90))

    assert is_newcomer(made)
    clock.shift(error)
    assert not is_newcomer(type(made)(int=old.int | 7 << 76))
