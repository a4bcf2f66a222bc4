"""Admin pages of purges, notices, banked texts and strike rules."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from moderado.accounts.types import CONFIRMED_KEY
from moderado.chat.services.purge_requests import start_purge
from moderado.enforcement.models import AuditLine
from moderado.enforcement.services.hash_bank import BankedText, bank_message
from moderado.moderation.models import PolicyVersion
from moderado.moderation.services import policies
from moderado.moderation.services.policy_documents import parse_document
from tests.factories import make_message, make_notice, make_staff, make_user
from tests.rulings import staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("few_identity_sentences")]


def sign_in(client, *permissions, is_confirmed=True):
    staff = make_staff(*permissions)
    client.force_login(staff)
    session = client.session
    session[CONFIRMED_KEY] = int(timezone.now().timestamp()) if is_confirmed else 0
    session.save()
    return staff


def shown(client, name, *args):
    return client.get(reverse(f"admin:{name}", args=args)).content.decode()


def post_act(client, name, record, act, **values):
    return client.post(reverse(f"admin:{name}_act", args=[record.pk, act]), values, follow=True)


def make_purge():
    purge, _is_new = start_purge(
        actor=staff_actor("purge_messages"),
        user_id=make_message().author_id, since=timezone.now() - timedelta(hours=1), reason="spam",
    )  # fmt: skip
    return purge


def test_purge_is_reversed_with_a_reason_and_the_password(client):
    purge = make_purge()
    sign_in(client, "view_case", "view_purge", "reverse_ruling", is_confirmed=False)
    asked = post_act(client, "enforcement_purge", purge, "reverse", reason="engano")
    assert (asked.status_code, "confirm_password" in asked.content.decode()) == (403, True)

    staff = sign_in(client, "view_case", "view_purge", "reverse_ruling")
    assert str(purge.pk) in shown(client, "enforcement_purge_changelist")
    post_act(client, "enforcement_purge", purge, "reverse", reason="engano")

    purge.refresh_from_db()
    assert (purge.state, purge.reversed_by, purge.reversal_reason) == (
        "reversing", staff, "engano",
    )  # fmt: skip
    assert AuditLine.objects.filter(action="purge_reversal_started", actor=staff).count() == 1
    sign_in(client, "view_purge")
    assert post_act(client, "enforcement_purge", purge, "reverse").status_code == 403


def test_notice_shows_its_deadline_and_the_address_to_those_who_may_see_it(client):
    now = timezone.now()
    notice, _ = make_notice(state="open", due_at=now - timedelta(hours=2), email="bia@example.org")
    make_notice(state="open", due_at=now + timedelta(hours=5))
    path = "enforcement_notice_change", notice.pk

    sign_in(client, "view_case", "view_notice")
    client.cookies["language"] = "en"
    assert "bia@example.org" not in shown(client, *path)
    late = client.get(reverse("admin:enforcement_notice_changelist") + "?deadline=over")
    assert notice.protocol in late.content.decode()
    assert late.context["cl"].result_count == 1
    staff = sign_in(client, "view_case", "view_notice", "view_notifier")
    assert "bia@example.org" in shown(client, *path)
    assert AuditLine.objects.filter(
        action="admin_read", actor=staff, subject_type="notice", subject_id=notice.pk
    ).exists()


def test_banked_text_is_removed_with_a_reason(client):
    message = make_message(text="um texto comprido o bastante para o banco de textos")
    banked, _ = bank_message(actor_id=None, message_id=message.id, order="Processo 12")
    sign_in(client, "view_bankedtext")
    assert "Processo 12" in shown(client, "moderation_bankedtext_changelist")
    refused = post_act(client, "moderation_bankedtext", banked, "remove_from_bank", reason="-")
    assert refused.status_code == 403

    staff = sign_in(client, "view_bankedtext", "delete_bankedtext")
    answer = post_act(
        client, "moderation_bankedtext", banked, "remove_from_bank", reason="Processo 13"
    )

    assert answer.redirect_chain[-1][0] == reverse("admin:moderation_bankedtext_changelist")
    assert not BankedText.objects.exists()
    line = AuditLine.objects.get(action="text_unbanked", actor=staff)
    assert line.details["reference"] == "Processo 13"


def test_strike_rules_have_their_thresholds_and_the_histogram(client):
    strikes = {
        "window_days": 30,
        "weights": {"hate": 3},
        "thresholds": [{"points": 3, "sanction": "mute", "term_seconds": 86_400}],
    }
    policies.create_policy(
        actor_id=None, document=parse_document(document={"name": "casa", "strikes": strikes})
    )
    policies.create_policy(actor_id=None, document=parse_document(document={"name": "vazia"}))
    version = PolicyVersion.objects.get(policy__name="casa")
    make_user()

    sign_in(client, "view_strikerules", "view_sanction")
    listed = client.get(reverse("admin:enforcement_strikerules_changelist"))
    assert [each.pk for each in listed.context["cl"].result_list] == [version.pk]
    page = shown(client, "enforcement_strikerules_change", version.pk)
    assert ("<progress" in page, "3: " in page) == (True, True)
    sign_in(client, "view_strikerules")
    assert "<progress" not in shown(client, "enforcement_strikerules_change", version.pk)
