"""What a moderator gives the author on the page of a case: category, note, and a way back."""

import re

import pytest
from django.urls import reverse
from django.utils.translation import override

from moderado.chat.models import Message
from moderado.enforcement.models import CaseExclusion, CaseNote, Report, Ruling, Sanction
from moderado.enforcement.note_presets import note_presets
from moderado.enforcement.selectors.decisions import ruling_about
from moderado.moderation.models import Case
from tests.factories import make_staff, make_user
from tests.integration.chat.steps import judge, post
from tests.integration.enforcement.steps import settle

pytestmark = [pytest.mark.django_db, pytest.mark.proves("R230")]

RIGHTS = ("view_case", "decide_case")


@pytest.fixture
def case(alice, room):
    judge(post(alice, room, "HOLD this"))
    Case.objects.update(categories=["insult", "spam"])
    return Case.objects.get()


@pytest.fixture
def staff(client):
    user = make_staff(*RIGHTS, "view_ruling", "reverse_ruling")
    client.force_login(user)
    return user


def page_of(client, case, language="pt-br"):
    url = reverse("admin:moderation_case_change", args=[case.pk])
    return client.get(url, headers={"accept-language": language}).content.decode()


def send(client, case, act, **body):
    url = reverse(f"admin:moderation_case_{act}", args=[case.pk])
    return client.post(url, body, follow=True).content.decode()


def test_the_reason_is_chosen_from_the_categories_in_words(client, staff, case):
    (chosen,) = re.findall(r'value="(\w+)" selected>([^<]+)<', page_of(client, case))

    assert chosen == ("insult", "ofensas")
    assert 'value="spam">spam<' in page_of(client, case)


def test_the_category_of_a_report_is_chosen_if_machines_found_none(client, staff, case):
    Case.objects.update(categories=[])
    report(case, make_user(), "")

    assert re.findall(r'value="(\w+)" selected>', page_of(client, case)) == ["threat"]


def test_the_author_gets_the_category_the_preset_and_the_own_words(client, staff, case, alice):
    send(
        client, case, "decide", outcome="BLOCK", reason="insult", note_preset="insult",
        public_note=" Leia as regras. ", note="para nós",
    )  # fmt: skip

    ruling = Ruling.objects.get()
    preset = note_presets(alice.language)["insult"]
    assert ruling.reason == "insult"
    assert ruling.public_note == f"{preset}\nLeia as regras."
    assert ruling.private_note == "para nós"


def test_the_page_of_a_decided_case_names_the_category_in_words(client, staff, case):
    Case.objects.update(categories=[])

    send(client, case, "decide", outcome="BLOCK", reason="harassment")

    page = page_of(client, case)
    assert "assédio" in page
    assert ">harassment<" not in re.sub(r"\s", "", page)


def test_the_presets_are_in_the_language_of_the_author(client, staff, case, alice):
    alice.language = "en"
    alice.save()

    page = page_of(client, case)

    assert note_presets("en")["threat"] in page
    assert note_presets("pt-br")["threat"] not in page


def test_a_text_rejected_in_the_list_has_the_category_of_its_case(client, case):
    client.force_login(make_staff("view_case", "bulk_rule"))
    body = {"action": "reject", "_selected_action": [str(case.pk)]}

    client.post(reverse("admin:moderation_case_changelist"), body)

    assert Ruling.objects.get().reason == "insult"


def test_a_ruling_is_undone_on_the_page_of_its_case(client, staff, case):
    page = send(client, case, "decide", outcome="BLOCK", reason="insult")
    ruling = Ruling.objects.get()
    undo = reverse("admin:moderation_case_undo", args=[case.pk])
    assert page.count(reverse("admin:enforcement_ruling_change", args=[ruling.pk])) == 2
    assert f'action="{undo}"' in page
    assert f'name="ruling" value="{ruling.pk}"' in page

    page = send(client, case, "undo", ruling=str(ruling.pk))

    case.refresh_from_db()
    assert (case.state, Message.objects.get(pk=case.subject_id).status) == ("open", "HELD")
    assert "A decisão foi desfeita." in page
    assert 'name="outcome"' in page


def test_a_ruling_that_the_page_has_not_shown_is_not_undone(client, staff, case):
    send(client, case, "decide", outcome="BLOCK", reason="insult")

    for shown in ("", "zz", str(case.pk)):
        send(client, case, "undo", ruling=shown)

    assert Ruling.objects.get().undone_at is None


def test_only_the_moderator_of_a_ruling_is_offered_to_undo_it(client, staff, case):
    send(client, case, "decide", outcome="BLOCK", reason="insult")
    ruling = Ruling.objects.get()
    client.force_login(make_staff(*RIGHTS))

    assert "/undo/" not in page_of(client, case)
    send(client, case, "undo", ruling=str(ruling.pk))
    assert Ruling.objects.get().undone_at is None


def test_a_ruling_is_not_offered_to_be_undone_when_its_time_is_over(client, staff, case):
    send(client, case, "decide", outcome="BLOCK", reason="insult")
    ruling = Ruling.objects.get()
    Ruling.objects.update(undo_until=ruling.created_at)

    page = page_of(client, case)

    assert "/undo/" not in page
    assert reverse("admin:enforcement_ruling_change", args=[ruling.pk]) in page


def report(case, reporter, comment):
    return Report.objects.create(
        case=case, reporter=reporter, category="threat", subject_type="message",
        subject_id=case.subject_id, revision=1, weight=1, comment=comment,
    )  # fmt: skip


def facts_of(page):
    """Return the texts of the rows of facts."""
    rows = re.findall(r"<(?:li|div)[^>]*>(?:(?!<li|<div).)*?</(?:li|div)>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", row).split()) for row in rows]


def test_the_page_shows_reports_notes_and_what_is_known_of_the_author(
    client, staff, case, alice, room
):
    report(case, make_user(name="Rita"), "Ele me ameaçou.")
    CaseNote.objects.create(case=case, actor=make_user(name="Nina"), text="Vi isto ontem.")
    Sanction.objects.create(
        user=alice, kind="strike", actor=staff, reason="insult", starts_at=case.created_at
    )
    judge(post(alice, room, "HOLD that"))
    Case.objects.exclude(pk=case.pk).update(outcome="BLOCK", state="decided")

    facts = facts_of(page_of(client, case))

    assert any("Rita" in row and "ameaça" in row and "Ele me ameaçou." in row for row in facts)
    assert any("Nina" in row and "Vi isto ontem." in row for row in facts)
    assert "Casos até agora, incluindo este: 2" in facts
    assert "Casos cujo texto foi removido: 1" in facts
    assert any(row.startswith("Sanções em vigor: ponto") for row in facts)
    assert any(row.startswith("Conta desde: ") for row in facts)


def about(case, viewer):
    Case.objects.update(author=viewer)


def reported_by(case, viewer):
    CaseExclusion.objects.create(case=case, user=viewer, reason="reporter")


def test_the_page_shows_earlier_decisions_on_the_author(client, staff, case, alice, room):
    send(client, case, "decide", outcome="BLOCK", reason="insult")
    judge(post(alice, room, "HOLD that"))
    (second,) = Case.objects.exclude(pk=case.pk)

    page = page_of(client, second)
    assert "Decisões anteriores" in page
    assert reverse("admin:moderation_case_change", args=[case.pk]) in page
    assert "ofensas" in page.partition("Decisões anteriores")[2]
    assert "Decisões anteriores" not in page_of(client, case)


@pytest.mark.parametrize("become_party", [about, reported_by])
def test_the_page_says_nothing_of_reporters_and_notes_to_a_party(client, case, become_party):
    report(case, make_user(name="Rita"), "Ele me ameaçou.")
    CaseNote.objects.create(case=case, actor=make_user(name="Nina"), text="Vi isto ontem.")
    viewer = make_staff(*RIGHTS)
    client.force_login(viewer)
    become_party(case, viewer)

    page = page_of(client, case)

    assert not re.search("Rita|Nina|ameaçou|ontem|Conta desde", page)


@pytest.mark.parametrize("reason, words", [("insult", "Motivo: ofensas."), ("reviewed", "")])
def test_the_statement_of_reasons_names_a_category_or_none(
    client, staff, case, alice, reason, words
):
    send(client, case, "decide", outcome="BLOCK", reason=reason)
    settle()

    with override("pt-br"):
        statement = ruling_about(alice.id, Ruling.objects.get().pk).view.explanation

    assert words in statement
    assert ("Motivo" in statement) == bool(words)
