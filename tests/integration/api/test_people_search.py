"""Searches for people by a part of their name."""

import pytest
from django.db import connection

from moderado.accounts.selectors import users_matching
from moderado.core import database
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S163")]


def test_search_for_part_of_a_name_can_read_the_index_of_names():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # of a table with few rows

    assert "user_names" in users_matching("1999")[:20].explain()
    assert "user_names" not in users_matching("99")[:20].explain()  # the whole index would be read


def test_short_parts_of_a_name_are_found():
    zoe = make_user(name="Zoë %_")

    for part in ("ë", "ZO", "%_"):
        assert list(users_matching(part)) == [zoe]


def test_search_for_people_ends_at_its_time_budget(signed_in, monkeypatch):
    client = signed_in(make_user(name="Ana"))
    monkeypatch.setitem(database.search_budget.__wrapped__.__kwdefaults__, "seconds", 0.0)

    answer = client.get("/api/auth/users/?search=Ana")

    assert (answer.status_code, answer.json()["code"]) == (503, "search_timed_out")
