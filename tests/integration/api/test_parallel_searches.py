"""Parallel searches of one account leave database connections to others."""

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.conf import settings
from django.db import connection, transaction

from moderado.chat.selectors.search import Effort, search
from moderado.core.errors import SearchTimedOut
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

SEARCHES = 24
SECONDS = 60


def status_of(url, token):
    request = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  (our own)
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return answer.status
    except HTTPError as error:
        with error:
            return error.code


@pytest.mark.proves("R70")
def test_parallel_searches_of_one_account_leave_connections_to_others(live_server_url):
    room = factories.make_room()
    greedy, other = (factories.token_of(factories.make_user()) for _ in range(2))
    assert settings.ENV.db_pool_size < SEARCHES
    with ThreadPoolExecutor(SEARCHES) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE chat_message IN ACCESS EXCLUSIVE MODE")
            url = f"{live_server_url}/api/chat/rooms/{room.id}/search/?q=mensagem"
            searches = [pool.submit(status_of, url, greedy) for _ in range(SEARCHES)]
            wait(searches, return_when=FIRST_COMPLETED)  # one that was not admitted

            mine = status_of(f"{live_server_url}/api/auth/users/me/", other)
            people = status_of(f"{live_server_url}/api/auth/users/?search=x", other)
        statuses = {each.result(SECONDS) for each in searches}

    assert (mine, people) == (200, 200)
    assert 429 in statuses


@pytest.mark.proves("R70")
def test_search_fails_when_its_statements_exceed_one_budget():
    room = factories.make_room()
    factories.fill_room(room, factories.make_user(), 5_000, "mensagem comum")

    with pytest.raises(SearchTimedOut):
        search(
            reader_id=room.created_by_id,
            room_id=room.id,
            query="mensagem",
            effort=Effort(seconds=0.002),
        )
