"""Purges and rulings in bulk that are asked for twice: a double click, or a lost answer."""

from datetime import timedelta

import pytest
from django.utils import timezone

from moderado.chat.services import purging
from moderado.core.ids import new_id
from moderado.enforcement.models import AuditLine, BulkRuling, Purge
from moderado.enforcement.services import bulk
from moderado.moderation.models import Case
from tests.factories import (
    ENFORCING,
    MODERATING,
    client_of,
    make_member,
    make_message,
    make_room,
    make_staff,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S86")]

RIGHTS = (*MODERATING, *ENFORCING, "purge_messages", "bulk_rule")


@pytest.fixture
def staff():
    return client_of(make_staff(*RIGHTS))


@pytest.fixture
def raider():
    return make_member(make_room()).user


def say(raider):
    return make_message(raider.memberships.get().room, author=raider)


def purge(client, raider, **fields):
    hour_ago = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    asked = {"user": str(raider.id), "since": hour_ago.isoformat(), "reason": "spam", **fields}
    return client.post("/api/enforcement/purges/", asked, format="json")


def rule(client, **fields):
    ruling = {"content": "remove", "reason": "raid"} | fields
    asked = {"filter": {"origin": "flag"}, "ruling": ruling}
    return client.post("/api/enforcement/bulk/", asked, format="json")


def flagged():
    return Case.objects.create(
        subject_type="user_name", subject_id=new_id(), revision=1, text="-", origin="flag",
        author=make_user(),
    )  # fmt: skip


def started(action):
    return AuditLine.objects.filter(action=action).count()


def run_purge():
    while purging.run_slice():
        continue


def test_repeated_purge_is_one_also_when_it_is_over(staff, raider):
    say(raider)
    first, again = purge(staff, raider), purge(staff, raider, reason=" spam ")
    run_purge()
    late = purge(staff, raider)

    assert [each.status_code for each in (first, again, late)] == [202, 200, 200]
    assert first.json()["id"] == again.json()["id"] == late.json()["id"]
    assert (Purge.objects.count(), started("purge_started")) == (1, 1)


def test_other_purges_are_no_repeats(staff, raider):
    say(raider)
    purge(staff, raider)
    colleague = client_of(make_staff(*RIGHTS))

    others = [purge(staff, raider, public_note="-"), purge(colleague, raider)]
    say(raider)  # a message that the first purge leaves alone
    others.append(purge(staff, raider))
    Purge.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    run_purge()
    others.append(purge(staff, raider))

    assert [each.status_code for each in others] == [202] * 4
    assert Purge.objects.count() == started("purge_started") == 5


def test_purge_after_its_reversal_is_another_one(staff, raider):
    say(raider)
    first = purge(staff, raider).json()["id"]
    staff.post(f"/api/enforcement/purges/{first}/reverse/", {"reason": "-"}, format="json")

    assert purge(staff, raider).status_code == 202


def test_repeated_ruling_in_bulk_is_one(staff):
    flagged()
    first, again = rule(staff), rule(staff)
    bulk.run_unfinished(seconds=60)
    late = rule(staff)

    assert [each.status_code for each in (first, again, late)] == [202, 200, 200]
    assert first.json()["id"] == again.json()["id"] == late.json()["id"]
    assert (BulkRuling.objects.count(), started("bulk_started")) == (1, 1)


def test_other_rulings_in_bulk_are_no_repeats(staff):
    flagged()
    rule(staff)
    others = [rule(staff, reason="spam"), rule(client_of(make_staff(*RIGHTS)))]
    flagged()  # a case that the first leaves alone
    others.append(rule(staff))

    assert [each.status_code for each in others] == [202] * 3
    assert BulkRuling.objects.count() == 4
