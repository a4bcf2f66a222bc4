"""What people write is inert where moderators read it, and others do not reach these pages."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import CharField, TextField
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from moderado.core.ids import new_id
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    CaseNote,
    LegalHold,
    Queue,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.moderation.models import Case, ErasableText
from tests import factories
from tests.security.hostile.strings import MARKUP
from tests.security.hostile.test_texts import Structure

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S38")]

# Words of people and of moderators, as the columns of enforcement are called.
WORDS = {
    *("text", "comment", "public_note", "private_note", "note", "name"),
    *("lift_reason", "end_reason"),
}
ATTACK = " ".join(" ".join(MARKUP).split())  # a line break becomes a paragraph, as intended


@pytest.fixture
def case():
    """A case with all that a moderator reads about it, written by its author and by others."""
    room = factories.make_room()
    message = factories.make_message(room, status="HELD")
    case = Case.objects.create(
        subject_type="message", subject_id=message.id, revision=1, text="x", scope_id=room.id,
        author=message.author,
    )  # fmt: skip
    moderator, about = factories.make_user(), {"subject_type": "message", "subject_id": message.id}
    Queue.objects.create(name="x")
    CaseNote.objects.create(case=case, actor=moderator, text="x")
    ruling = Ruling.objects.create(
        case=case, revision=1, content="remove", reason="x", actor=moderator, public_note="x",
        private_note="x", effective_at=timezone.now(), undo_until=timezone.now(),
        author=message.author, scope_id=room.id, **about,
    )  # fmt: skip
    Sanction.objects.create(
        user=message.author, kind="mute", reason="x", public_note="x", actor=moderator,
        lift_reason="x", end_reason="x", ends_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    Report.objects.create(
        reporter=moderator, revision=1, category="hate", comment="x", case=case, **about
    )
    ReportingSuspension.objects.create(
        user=message.author, reason="x", public_note="x", ends_at=timezone.now(),
        decided_reports=1, rejected_reports=1,
    )  # fmt: skip
    Appeal.objects.create(
        appellant=message.author, decision_type="ruling", decision_id=ruling.id, text="x",
        appealed=ruling, due_at=timezone.now(), public_note="x", **about,
    )  # fmt: skip
    LegalHold.objects.create(subject_type="user", subject_id=new_id(), author=message.author)
    return case


@pytest.fixture
def staff(client):
    client.force_login(factories.make_user(is_staff=True, is_superuser=True))
    return client


def pages():
    """Every list of the admin, and the page of one object of each."""
    for model in admin.site._registry:
        if model is AuditLine:  # ids and codes alone, and each look adds a line
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        first = model._default_manager.values_list("pk", flat=True).first()
        if first is not None:
            yield reverse(f"{name}_change", args=[first])


def attack():
    """Put markup into every text of people in every table of enforcement, and beside it."""
    for model in apps.get_app_config("enforcement").get_models():
        for column in model._meta.concrete_fields:
            if column.name in WORDS and isinstance(column, CharField | TextField):
                words = ATTACK[: column.max_length] if column.max_length else ATTACK
                model._default_manager.update(**{column.name: words})
    for model, words in (
        ("accounts.User", "name"),
        ("chat.Room", "name"),
        ("chat.Message", "text"),
    ):
        apps.get_model(model)._default_manager.update(**{words: MARKUP[0]})
    Case.objects.update(text=ATTACK, note=ATTACK)
    ErasableText.objects.filter(content__isnull=False).update(
        content=json.dumps({"text": ATTACK, "note": ATTACK, "reason": ATTACK})
    )


@pytest.mark.usefixtures("case")
def test_pages_of_moderators_have_the_same_structure_for_hostile_text(staff):
    answers = {url: staff.get(url) for url in pages()}
    before = {
        url: Structure(answer.text).found
        for url, answer in answers.items()
        if answer.status_code == 200
    }

    attack()

    for url, found in before.items():
        assert Structure(staff.get(url).text).found == found, url
    assert any("moderation/case" in url for url in before)


def test_answers_for_moderators_are_data_and_never_pages(staff, case):
    attack()
    paths = ["cases/", f"cases/{case.id}/", "queues/", "sanctions/", "appeals/"]

    for path in paths:
        answer = staff.get(f"/api/enforcement/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_admin_is_neither_framed_nor_posted_to_from_elsewhere(case):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(factories.make_user(is_staff=True, is_superuser=True))
    url = reverse("admin:moderation_case_changelist")

    shown = browser.get(url)
    token = browser.cookies["csrftoken"].value if "csrftoken" in browser.cookies else "x" * 32
    sent = browser.post(
        url,
        {"action": "delete_selected", "_selected_action": str(case.id)},
        headers={"Origin": "https://evil.example", "X-CSRFToken": token},
    )

    assert shown.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]
    assert sent.status_code == 403
    assert Case.objects.filter(pk=case.pk).exists()


def test_admin_is_closed_to_those_without_a_right(case):
    page = reverse("admin:moderation_case_change", args=[case.pk])
    stranger, member, staff = Client(), Client(), Client()
    member.force_login(factories.make_user())
    staff.force_login(factories.make_user(is_staff=True))

    answers = [each.get(page).status_code for each in (stranger, member, staff)]

    assert answers == [302, 302, 403]
