"""Admin pages name people, rooms, queues and acts, and offer only what the viewer may do."""

import pytest
from django.urls import reverse

from moderado.core.ids import new_id
from moderado.enforcement.models import AuditLine, BulkRuling, Queue
from moderado.moderation.models import Case, ModerationLog
from tests.factories import make_room, make_staff, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S87")]

LISTS = ("moderation_case", "moderation_moderationlog", "enforcement_ruling")


def shown(client, name, *args):
    answer = client.get(reverse(f"admin:{name}", args=args), headers={"accept-language": "pt-br"})
    assert answer.status_code == 200
    return answer.content.decode()


def sign_in(client, *rights):
    client.force_login(make_staff(*rights))


def make_case(room, **fields):
    author = make_user()
    return Case.objects.create(
        subject_type="user_name", subject_id=author.id, revision=1, text="-", author=author,
        scope_id=room.id, origin="hold", **fields,
    )  # fmt: skip


def test_case_names_queue_room_and_person(client):
    Queue.objects.create(name="held", filter={"origin": ["hold"]})
    case = make_case(make_room(name="Sala das Flores"))
    room_page = reverse("admin:chat_room_change", args=[case.scope_id])
    sign_in(client, "view_case", "view_room", "view_user")

    listed = shown(client, "moderation_case_changelist")
    page = shown(client, "moderation_case_change", case.pk)

    for html in (listed, page):
        assert "Textos retidos" in html
        assert f'href="{room_page}"' in html
        assert "Sala das Flores" in html
    assert f">{case.author.name}</bdi></a>" in page


def test_who_may_not_open_rooms_gets_no_link_and_no_name(client):
    room = make_room(name="Sala das Flores")
    ModerationLog.objects.create(
        subject_type="message", subject_id=new_id(), revision=1, scope_id=room.id, verdict="HOLD"
    )
    line = ModerationLog.objects.get()
    sign_in(client, "view_moderationlog")
    page = shown(client, "moderation_moderationlog_change", line.pk)
    assert "Sala das Flores" not in page
    assert str(room.pk) in page

    sign_in(client, "view_moderationlog", "view_room")
    assert "Sala das Flores" in shown(client, "moderation_moderationlog_change", line.pk)


def test_queues_have_titles_and_acts_have_words(client):
    queue = Queue.objects.create(name="child_safety")
    AuditLine.objects.create(action="queue_changed", subject_type="queue", subject_id=queue.pk)
    sign_in(client, "view_queue", "view_auditline")

    assert "Segurança infantil" in shown(client, "enforcement_queue_changelist")
    lines = shown(client, "enforcement_auditline_changelist")
    assert "fila alterada" in lines
    assert "Segurança infantil" in lines


@pytest.mark.parametrize("name", LISTS)
def test_empty_list_offers_to_add_nothing_that_cannot_be_added(client, name):
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = shown(client, f"{name}_changelist")

    assert "Ainda não há nada aqui." in page
    assert "crie" not in page.lower()
    found = client.get(f"{reverse(f'admin:{name}_changelist')}?q={new_id()}").content.decode()
    assert 'href="?"' in found


@pytest.mark.proves("S113")
@pytest.mark.parametrize(
    "language, words",
    [
        (
            "pt-br",
            {"decisão: removida", "sanções: ", "1 dia, 12 horas", "origem"},
        ),
        (
            "en",
            {"decision: removed", "sanctions: mute", "1 day, 12 hours", "origin"},
        ),
    ],
)
def test_details_filters_and_times_are_words(client, language, words):
    staff = make_user(is_staff=True, is_superuser=True)
    client.force_login(staff)
    details = {"content": "remove", "sanctions": ["mute"], "bulk": None}
    AuditLine.objects.create(action="ruling_made", details=details)
    queue = Queue.objects.create(name="z", target_seconds=129_600)
    measure = {"kind": "mute", "scope": "room", "term": "P1DT12H"}
    bulk = BulkRuling.objects.create(
        actor=staff,
        filter={"origin": "hold", "states": ["open"], "category": None},
        ruling={"content": "remove", "reason": "hate", "measures": [measure]},
    )
    pages = [
        reverse("admin:enforcement_auditline_changelist"),
        reverse("admin:enforcement_queue_changelist"),
        reverse("admin:enforcement_bulkruling_change", args=[bulk.pk]),
    ]
    text = "\n".join(
        client.get(page, headers={"accept-language": language}).content.decode() for page in pages
    )
    assert [word for word in words if word not in text] == []
    for raw in ("129600", "P1DT12H", "&quot;", "[&#x27;mute", "{&#x27;"):
        assert raw not in text
    assert str(queue) in text
