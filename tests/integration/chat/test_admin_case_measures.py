"""The page of a case: content and author are decided in one act, and taken back as one."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from moderado.chat.models import Message
from moderado.enforcement.models import Queue, Ruling, Sanction
from moderado.moderation.models import Case
from tests.factories import make_staff
from tests.integration.chat.steps import judge, post
from tests.integration.chat.test_admin_case_forms import facts_of, page_of, send
from tests.integration.enforcement.test_strikes import put_in_force

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R259")]

RIGHTS = ("view_case", "decide_case", "add_sanction", "view_ruling")
ACT = {"outcome": "BLOCK", "reason": "insult", "public_note": "Leia as regras.", "note": "de novo"}
MUTE = {"sanction": "mute", "mute_scope": "room", "mute_term": "86400"}


@pytest.fixture
def case(alice, room):
    judge(post(alice, room, "HOLD this"))
    Case.objects.update(categories=["insult"])
    return Case.objects.get()


@pytest.fixture
def staff(client):
    user = make_staff(*RIGHTS)
    client.force_login(user)
    return user


def measures():
    """Return kind, room and length of the sanctions that stand."""
    found = Sanction.objects.filter(lifted_at=None).order_by("created_at", "id")
    return {
        (each.kind, each.scope_id, each.ends_at and each.ends_at - each.starts_at) for each in found
    }


def test_text_and_author_are_decided_in_one_act_and_taken_back_as_one(
    client, staff, case, alice, room
):
    two = {"sanction": ["mute", "ban"], "ban_scope": "server", "ban_term": "604800"}
    page = send(client, case, "decide", **ACT, **MUTE | two)

    ruling = Ruling.objects.get()
    assert (ruling.content, ruling.private_note) == ("remove", "de novo")
    assert measures() == {
        ("mute", room.id, timedelta(days=1)), ("ban", None, timedelta(days=7))
    }  # fmt: skip
    for sanction in Sanction.objects.all():
        assert sanction.ruling == ruling
        assert (sanction.reason, sanction.public_note) == ("insult", "Leia as regras.")
    (made,) = [row for row in facts_of(page) if "Leia as regras." in row]
    assert "silenciamento na sala" in made
    assert "banimento no servidor inteiro" in made

    send(client, case, "undo", ruling=str(ruling.pk))

    case.refresh_from_db()
    assert measures() == set()
    assert (case.state, Message.objects.get(pk=case.subject_id).status) == ("open", "HELD")


def test_what_has_no_term_takes_none(client, staff, case, room):
    send(
        client, case, "decide", **ACT, sanction=["warning", "mute"], warning_scope="room",
        mute_scope="room", mute_term="none",
    )  # fmt: skip

    assert measures() == {("warning", room.id, None), ("mute", room.id, None)}


@pytest.mark.parametrize(
    "wrong, field",
    [
        ({"sanction": "exile"}, "decision_sanctions_error"),
        ({**MUTE, "mute_scope": "moon"}, "decision_sanctions_error"),
        ({**MUTE, "mute_term": "5"}, "decision_sanctions_error"),
        ({**MUTE, "reason": "nonsense"}, "decision_reason_error"),
        ({**MUTE, "note": "x" * 2_001}, "decision_note_error"),
    ],
)
def test_a_refused_form_is_shown_as_it_was_sent_with_its_errors(client, staff, case, wrong, field):
    page = send(client, case, "decide", **{**ACT, **wrong})

    assert not Ruling.objects.exists()
    assert not Sanction.objects.exists()
    assert f'id="{field}"' in page
    assert ">Leia as regras.</textarea>" in page
    if wrong.get("sanction") == "mute":
        assert re.search(r'value="mute" checked', page)


def test_another_revision_than_the_page_has_shown_is_not_decided(client, staff, case):
    page = page_of(client, case)
    assert '<input type="hidden" name="revision" value="1">' in page

    send(client, case, "decide", **ACT, revision="2")

    assert not Ruling.objects.exists()


def test_staff_who_may_impose_no_sanctions_are_offered_none(client, case):
    client.force_login(make_staff("view_case", "decide_case"))
    assert 'name="sanction"' not in page_of(client, case)

    send(client, case, "decide", **ACT, **MUTE)

    assert not Ruling.objects.exists()


def test_an_author_with_more_rights_is_offered_no_sanction_of_the_server(client, case, alice, room):
    client.force_login(make_staff(*RIGHTS))
    assert 'value="server"' in page_of(client, case)
    alice.is_superuser = True
    alice.save()

    page = page_of(client, case)

    assert 'value="room" selected' in page
    assert 'value="server"' not in page
    send(client, case, "decide", **ACT, **{**MUTE, "mute_scope": "server"})
    assert not Ruling.objects.exists()


def test_the_page_offers_what_the_queue_permits(client, staff, case):
    measures = ["allow", "remove", "warning", "mute"]
    Queue.objects.create(name="mild", position=1, filter={"origin": ["hold"]}, measures=measures)

    page = page_of(client, case)

    assert re.findall(r'name="sanction" value="(\w+)"', page) == ["warning", "mute"]
    assert set(re.findall(r'name="outcome" value="(\w+)"', page)) == {"ALLOW", "BLOCK"}
    send(client, case, "decide", **ACT, sanction="ban", ban_scope="room", ban_term="none")
    assert not Ruling.objects.exists()


def test_a_case_about_a_person_has_measures_and_no_text_to_block(client, staff, case, alice):
    Case.objects.update(subject_type="person", subject_id=alice.id, scope_id=None, origin="report")

    page = page_of(client, case)
    assert re.findall(r'name="outcome" value="(\w+)"', page) == ["ALLOW"]
    send(
        client, case, "decide", outcome="ALLOW", reason="insult", sanction="warning",
        warning_scope="server",
    )  # fmt: skip

    assert measures() == {("warning", None, None)}


def test_a_text_is_kept_as_doubtful(client, staff, case):
    send(client, case, "decide", outcome="FLAG", reason="insult")

    assert Ruling.objects.get().content == "keep_flagged"
    assert Message.objects.get(pk=case.subject_id).status == "APPROVED"


LADDER = [
    {"points": 2, "sanction": "mute", "term_seconds": 90_000},
    {"points": 4, "sanction": "ban"},
]


@pytest.mark.parametrize(
    "points, words",
    [(1, "nenhuma sanção"), (2, "silenciamento (25 horas)"), (5, "banimento (sem prazo)")],
)
def test_the_page_says_what_a_strike_leads_to_by_the_policy(client, staff, case, points, words):
    put_in_force(weights={"insult": points}, thresholds=LADDER)

    page = page_of(client, case)

    assert words in page
    send(client, case, "decide", **ACT, sanction="strike", strike_scope="room")
    followed = Sanction.objects.exclude(threshold=None).values_list("kind", flat=True)
    assert set(followed) == {1: set(), 2: {"mute"}, 5: {"mute", "ban"}}[points]


def test_the_page_says_nothing_of_strikes_that_lead_to_nothing(client, staff, case):
    assert "De acordo com a política" not in page_of(client, case)


def test_strikes_of_restricted_cases_are_not_counted_for_others(client, staff, case, alice, room):
    put_in_force(weights={"insult": 1}, thresholds=LADDER)
    other = post(alice, room, "HOLD that")
    judge(other)
    restricted = Case.objects.exclude(pk=case.pk).get()
    ruling = Ruling.objects.create(
        case=restricted, subject_type="message", subject_id=other.id, revision=1, content="remove",
        reason="child_safety", actor=staff, author=alice, effective_at=restricted.created_at,
        undo_until=restricted.created_at,
    )  # fmt: skip
    Sanction.objects.create(
        user=alice, kind="strike", weight=3, policy_name="house", reason="child_safety",
        scope_id=room.id, ruling=ruling,
    )  # fmt: skip
    Case.objects.filter(pk=restricted.pk).update(categories=["child_safety"])

    assert "1 com eles" in page_of(client, case)
    client.force_login(make_staff(*RIGHTS, "view_restricted_case"))
    assert "4 com eles" in page_of(client, case)


def test_the_form_is_in_the_language_of_the_reader(client, staff, case):
    put_in_force(weights={"insult": 5}, thresholds=LADDER)

    english, portuguese = (page_of(client, case, language) for language in ("en", "pt-br"))

    for words in ("Measures against the author", "1 day", "on the whole server", "without end"):
        assert words in english
        assert words not in portuguese
    for words in ("Medidas contra o autor", "1 dia", "no servidor inteiro", "sem prazo"):
        assert words in portuguese


def test_a_form_that_is_sent_twice_imposes_once(client, staff, case):
    send(client, case, "decide", **ACT, **MUTE)
    send(client, case, "decide", **ACT, **MUTE)

    assert (Ruling.objects.count(), Sanction.objects.count()) == (1, 1)
    assert reverse("admin:enforcement_ruling_change", args=[Ruling.objects.get().pk])
