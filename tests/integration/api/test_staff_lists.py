"""Lists of rulings, reports, notices, rulings in bulk and purges for moderators."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from moderado.core.ids import new_id
from moderado.enforcement.models import (
    AuditLine,
    BulkRuling,
    CaseExclusion,
    Notice,
    Purge,
    Queue,
    Report,
    ReportingSuspension,
    Ruling,
)
from moderado.enforcement.types import NoticeRole
from moderado.moderation.models import BankedText, Case
from moderado.moderation.services.hash_bank import bank_text
from tests.factories import make_member, make_room, make_staff, make_user

pytestmark = pytest.mark.django_db

API = "/api/enforcement/"


def make_case(room=None, *, categories=(), **fields):
    about = {"subject_type": "person", "subject_id": new_id(), "revision": 1, "origin": "report"}
    return Case.objects.create(
        **about | fields, scope_id=room and room.id, categories=list(categories)
    )


def about(case):
    return {
        "case": case,
        "subject_type": case.subject_type,
        "subject_id": case.subject_id,
        "revision": 1,
        "scope_id": case.scope_id,
    }


def make_ruling(case, *, actor=None, undo_in=-1, **fields):
    now = timezone.now()
    return Ruling.objects.create(
        **about(case),
        actor=actor or make_user(),
        effective_at=now,
        undo_until=now + timedelta(minutes=undo_in),
        **{"content": "allow", "reason": "-", "private_note": "PRIVATE"} | fields,
    )


def make_report(case, **fields):
    return Report.objects.create(
        **about(case), **{"reporter": make_user(), "category": "hate", "comment": "C"} | fields
    )


def ids(client, path, **query):
    answer = client.get(API + path, query)
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["results"]]


def named(*records):
    return [str(each.id) for each in reversed(records)]  # newest first


def test_rulings_are_found_by_each_filter(signed_in):
    room, author, actor = make_room(), make_user(), make_user()
    client = signed_in(make_staff("view_case"))
    first = make_ruling(make_case(room), author=author, actor=actor, content="remove")
    pending = make_ruling(make_case(), undo_in=1)
    undone = make_ruling(make_case(), undone_at=timezone.now())
    reversal = make_ruling(first.case, reverses=first)

    found = {
        "room": ids(client, "rulings/", room=room.id),
        "author": ids(client, "rulings/", author=author.id),
        "actor": ids(client, "rulings/", actor=actor.id),
        "case": ids(client, "rulings/", case=pending.case_id),
        "content": ids(client, "rulings/", content="remove"),
        "pending": ids(client, "rulings/", state="pending"),
        "standing": ids(client, "rulings/", state="standing"),
        "undone": ids(client, "rulings/", state="undone"),
        "reversed": ids(client, "rulings/", state="reversed"),
        "until": ids(client, "rulings/", until=first.created_at.isoformat()),
        "since": ids(client, "rulings/", since=first.created_at.isoformat()),
        "bulk": ids(client, "rulings/", bulk=new_id()),
    }

    assert found == {
        "room": named(first, reversal),
        "author": named(first),
        "actor": named(first),
        "case": named(pending),
        "content": named(first),
        "pending": named(pending),
        "standing": named(reversal),
        "undone": named(undone),
        "reversed": named(first),
        "until": [],
        "since": named(first, pending, undone, reversal),
        "bulk": [],
    }
    pages = client.get(API + "rulings/", {"page_size": 3}).json()
    assert len(pages["results"]) == 3
    assert [each["id"] for each in client.get(pages["next"]).json()["results"]] == named(first)
    assert client.get(API + "rulings/", {"state": "-"}).status_code == 400


@pytest.mark.proves("S186")
@pytest.mark.parametrize("path, make", [("rulings/", make_ruling), ("reports/", make_report)])
def test_lists_have_what_the_cases_show_to_each_moderator(signed_in, path, make):
    room, staff = make_room(), make_staff("view_case")
    moderator = make_member(room, role="MODERATOR").user
    mine = make(make_case(room))
    elsewhere = make(make_case(make_room()))
    restricted = make(make_case(room, categories=["child_safety"]))
    own = make(make_case(room, author=staff))
    party = make_case(room)
    CaseExclusion.objects.create(case=party, user=staff, reason="reporter")
    reported = make(party)
    closed = make(make_case(room, categories=["spam"]))
    queue = Queue.objects.create(name="q", position=0, filter={"category": ["spam"]})
    queue.groups.add(Group.objects.create(name="g"))
    trusted = make_staff("view_case", "view_restricted_case")

    assert ids(signed_in(staff), path) == named(mine, elsewhere)
    assert ids(signed_in(moderator), path) == named(mine, own, reported)
    everything = named(mine, elsewhere, restricted, own, reported)
    assert AuditLine.objects.filter(action="restricted_case_seen").count() == 0
    assert ids(signed_in(trusted), path) == everything
    trusted.groups.add(Group.objects.get(name="g"))
    assert ids(signed_in(trusted), path) == [*named(closed), *everything]
    assert AuditLine.objects.filter(action="restricted_case_seen", actor=trusted).count() == 2
    assert signed_in(moderator).get(API + path, {"room": make_room().id}).status_code == 404
    assert signed_in(make_user()).get(API + path).status_code == 403


def test_reports_are_found_by_each_filter_with_the_record_of_their_reporter(signed_in):
    reporter, room = make_user(), make_room()
    decided = {"state": "decided", "decided_at": timezone.now()}
    good = make_report(
        make_case(), reporter=reporter, outcome="action_taken", is_upheld=True, **decided
    )
    bad = make_report(
        make_case(), reporter=reporter, outcome="no_action", is_upheld=False, **decided
    )
    other = make_report(make_case(room, subject_type="room"), category="spam")
    client = signed_in(make_staff("view_case", "suspend_reporting"))

    assert ids(client, "reports/", reporter=reporter.id) == named(good, bad)
    assert ids(client, "reports/", room=room.id) == named(other)
    assert ids(client, "reports/", subject=good.subject_id) == named(good)
    assert ids(client, "reports/", subject_type="room") == named(other)
    assert ids(client, "reports/", category="spam") == named(other)
    assert ids(client, "reports/", state="open") == named(other)
    assert ids(client, "reports/", outcome="no_action") == named(bad)
    records = [each["reporter_record"] for each in client.get(API + "reports/").json()["results"]]
    assert [(each["upheld"], each["rejected"]) for each in records] == [(0, 0), (1, 1), (1, 1)]
    case = client.get(f"{API}cases/{good.case_id}/").json()
    assert case["reports"][0]["reporter_record"]["upheld"] == 1
    without = signed_in(make_staff("view_case"))
    shown = without.get(API + "reports/").json()["results"]
    assert {each["reporter_record"] for each in shown} == {None}
    case = without.get(f"{API}cases/{good.case_id}/").json()
    assert case["reports"][0]["reporter_record"] is None


@pytest.mark.proves("S186")
def test_notices_are_for_staff_without_addresses_and_restricted_ones_for_few(signed_in):
    def notice(protocol, **fields):
        return Notice.objects.create(
            protocol=protocol,
            email="ana@example.org",
            language="pt-br",
            **{"role": NoticeRole.VICTIM, "category": "hate", "state": "open"} | fields,
        )

    now = timezone.now()
    late = notice("1", due_at=now - timedelta(days=1), case=make_case())
    loose = notice("2", state="unconfirmed", role=NoticeRole.OTHER)
    danger = notice("3", case=make_case(categories=["child_safety"]))
    unread = notice("4", category="child_safety", state="unconfirmed")
    client = signed_in(make_staff("view_case"))

    assert ids(client, "notices/") == named(late, loose)
    assert ids(client, "notices/", state="unconfirmed") == named(loose)
    assert ids(client, "notices/", role="other") == named(loose)
    assert ids(client, "notices/", overdue="true") == named(late)
    assert ids(client, "notices/", overdue="false") == named(loose)
    assert ids(client, "notices/", category="spam") == []
    assert "ana@example.org" not in client.get(API + "notices/").text
    trusted = signed_in(make_staff("view_case", "view_restricted_case"))
    assert ids(trusted, "notices/") == named(late, loose, danger, unread)
    assert AuditLine.objects.filter(action="restricted_case_seen").count() == 1


def test_rulings_in_bulk_and_purges_are_listed_to_those_who_may_read_each(signed_in):
    room, other = make_room(), make_room()
    moderator, author = make_member(room, role="MODERATOR").user, make_user()
    mine = BulkRuling.objects.create(
        actor=moderator, scope_ids=[room.id], filter={}, ruling={}, state="done"
    )
    others = BulkRuling.objects.create(actor=make_user(), filter={}, ruling={})
    purged = {"actor": make_user(), "user": author, "since": timezone.now(), "reason": "spam"}
    here = Purge.objects.create(scope_ids=[room.id], scope_id=room.id, state="done", **purged)
    both = Purge.objects.create(scope_ids=[room.id, other.id], **purged)
    everywhere = Purge.objects.create(scope_ids=None, **purged | {"user": make_user()})
    staff = signed_in(make_staff("view_case", "bulk_rule", "purge_messages"))
    client = signed_in(moderator)

    assert ids(client, "bulk/") == named(mine)
    assert ids(staff, "bulk/") == named(mine, others)
    assert ids(staff, "bulk/", state="running") == named(others)
    assert ids(client, "purges/") == named(here)
    assert ids(staff, "purges/") == named(here, both, everywhere)
    assert ids(staff, "purges/", user=author.id) == named(here, both)
    assert ids(staff, "purges/", room=room.id) == named(here)
    assert ids(staff, "purges/", state="done") == named(here)
    assert client.get(API + "purges/", {"room": other.id}).status_code == 404


def test_suspensions_are_found_by_person_and_state(signed_in):
    now = timezone.now()

    def suspension(ends_in, **fields):
        return ReportingSuspension.objects.create(
            user=make_user(), actor=make_user(), reason="-", decided_reports=5,
            rejected_reports=5, ends_at=now + timedelta(days=ends_in), **fields,
        )  # fmt: skip

    active, expired = suspension(1), suspension(-1)
    lifted = suspension(1, lifted_at=now)
    client = signed_in(make_staff("suspend_reporting"))

    path = "report-suspensions/"
    assert ids(client, path, user=expired.user_id) == named(expired)
    assert ids(client, path, state="active") == named(active)
    assert ids(client, path, state="expired") == named(expired)
    assert ids(client, path, state="lifted") == named(lifted)


def test_bank_of_texts_has_pages_and_filters_and_keeps_the_reason_of_a_removal(signed_in):
    banked = [
        bank_text(
            actor_id=None, text=f"um texto comprido o bastante {number}", reference=order,
            subject_type="message", subject_id=new_id(),
        )[0]
        for number, order in enumerate(["Ofício 7", "Ofício 8", "Ofício 8"])
    ]  # fmt: skip
    client = signed_in(make_staff("view_bankedtext", "delete_bankedtext"))

    assert ids(client, "hash-bank/", order="Ofício 8") == named(*banked[1:])
    assert ids(client, "hash-bank/", message=banked[0].subject_id) == named(banked[0])
    page = client.get(API + "hash-bank/", {"page_size": 2}).json()
    assert [each["id"] for each in client.get(page["next"]).json()["results"]] == named(banked[0])
    path = f"{API}hash-bank/{banked[0].id}/"
    assert client.delete(path).status_code == 400
    assert BankedText.objects.count() == 3
    assert client.delete(f"{path}?reason=Of%C3%ADcio%209").status_code == 204
    line = AuditLine.objects.get(action="text_unbanked")
    assert (line.details["reference"], BankedText.objects.count()) == ("Ofício 9", 2)
