"""Measures that staff take in the admin outside of cases: sanctions, purges, banked texts."""

import io
import zipfile
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from moderado.accounts.types import CONFIRMED_KEY
from moderado.chat.models import Message
from moderado.chat.services.purging import run_slice
from moderado.core import clock
from moderado.core.ids import new_id
from moderado.enforcement.models import AuditLine, LegalHold, Purge, Sanction
from moderado.moderation.models import BankedText, Case
from tests.factories import make_member, make_message, make_room, make_staff, make_user

pytestmark = pytest.mark.django_db

ADD = {
    "sanction": "admin:enforcement_sanction_add",
    "purge": "admin:enforcement_purge_add",
    "bank": "admin:moderation_bankedtext_add",
}
LONG = "um texto bastante longo que uma ordem mandou retirar do ar para sempre"


def sign_in(client, *permissions):
    staff = make_staff(*permissions)
    client.force_login(staff)
    session = client.session
    session[CONFIRMED_KEY] = int(clock.now().timestamp())
    session.save()
    return staff


def send(client, what, **values):
    return client.post(reverse(ADD[what]), values, follow=True)


def errors_of(page):
    form = page.context["adminform"].form
    return {name: list(texts) for name, texts in form.errors.items()}


def actions_of(staff):
    lines = AuditLine.objects.filter(actor=staff).order_by("created_at", "id")
    return list(lines.values_list("action", flat=True))


def mute(author, room, **changed):
    return {
        "user_id": str(author.pk), "kind": "mute", "place": "room", "room_id": str(room.pk),
        "term": "86400", "reason": "harassment", "public_note": "Leia as regras.",
        "form_id": str(new_id()), **changed,
    }  # fmt: skip


@pytest.mark.proves("R289")
def test_sanction_is_imposed_once_for_one_form(client, room):
    staff = sign_in(client, "add_sanction", "view_sanction", "lift_sanction")
    author = make_member(room).user
    form = mute(author, room)

    page = send(client, "sanction", **form)
    sanction = Sanction.objects.get()
    send(client, "sanction", **form)

    assert page.redirect_chain[-1][0] == reverse(
        "admin:enforcement_sanction_change", args=[sanction.pk]
    )
    assert Sanction.objects.count() == 1
    found = (sanction.user, sanction.scope_id, sanction.reason, sanction.public_note)
    assert found == (author, room.pk, "harassment", "Leia as regras.")
    assert sanction.ends_at - sanction.starts_at == timedelta(days=1)
    assert actions_of(staff) == ["sanction_applied"]

    client.post(
        reverse("admin:enforcement_sanction_act", args=[sanction.pk, "lift"]), {"reason": "enough"}
    )
    send(client, "sanction", **form)  # a repeat of the same form, also after the lift
    assert Sanction.objects.filter(lifted_at=None).count() == 0
    send(client, "sanction", **{**form, "form_id": str(new_id())})
    assert Sanction.objects.filter(lifted_at=None).count() == 1


@pytest.mark.proves("R289")
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"place": "room", "room_id": ""}, "room_id"),
        ({"place": "server"}, "room_id"),
        ({"place": ""}, "place"),
        ({"kind": ""}, "kind"),
        ({"kind": "prison"}, "kind"),
        ({"term": ""}, "term"),
        ({"term": "1"}, "term"),
        ({"reason": ""}, "reason"),
        ({"reason": "zz"}, "reason"),
        ({"user_id": "zz"}, "user_id"),
        ({"user_id": "0197b1a0-0000-7000-8000-000000000009"}, "user_id"),
        ({"public_note": "\u200b"}, "public_note"),
    ],
)
def test_refused_sanction_keeps_what_was_written(client, room, changed, field):
    sign_in(client, "add_sanction", "view_sanction")
    author = make_member(room).user

    page = send(client, "sanction", **mute(author, room, **changed))

    assert page.status_code == 200
    assert list(errors_of(page)) == [field]
    assert not Sanction.objects.exists()
    if field != "public_note":
        assert "Leia as regras." in page.content.decode()


@pytest.mark.proves("R289")
def test_staff_impose_nothing_on_themselves_or_on_those_with_more_rights(client, room):
    staff = sign_in(client, "add_sanction", "view_sanction")
    above = make_user(is_staff=True, is_superuser=True)
    form = {"place": "server", "room_id": "", "kind": "ban"}

    for user in (staff, above):
        page = send(client, "sanction", **mute(user, room, **form))
        assert list(errors_of(page)) == ["__all__"]

    assert not Sanction.objects.exists()


@pytest.mark.proves("R289")
def test_page_of_an_account_shows_measures_and_leads_to_new_ones(client, room):
    staff = sign_in(client, "view_user", "view_sanction", "add_sanction", "purge_messages")
    author = make_member(room).user
    send(client, "sanction", **mute(author, room))

    page = client.get(reverse("admin:accounts_user_change", args=[author.pk])).content.decode()
    own = client.get(reverse("admin:accounts_user_change", args=[staff.pk])).content.decode()
    client.force_login(make_staff("view_user"))
    bare = client.get(reverse("admin:accounts_user_change", args=[author.pk])).content.decode()

    sanction = Sanction.objects.get()
    shown = [reverse("admin:enforcement_sanction_change", args=[sanction.pk])]
    links = [f"{reverse(ADD[what])}?user_id={author.pk}" for what in ("sanction", "purge")]
    assert [each for each in (*shown, *links) if each in page] == [*shown, *links]
    assert not [each for each in (*shown, *links) if each in bare]
    assert "?user_id=" not in own
    client.force_login(staff)
    assert str(author.pk) in client.get(links[0]).content.decode()


def purge(author, **changed):
    return {
        "user_id": str(author.pk), "hours": "2", "room_id": "", "reason": "spam",
        "public_note": "", "previewed": "", "form_id": str(new_id()), **changed,
    }  # fmt: skip


def previewed(page):
    return page.context["adminform"].form["previewed"].value()


@pytest.mark.proves("R290")
def test_purge_removes_what_was_shown_and_is_reversed(client, room):
    staff = sign_in(client, "purge_messages", "view_purge", "reverse_ruling", "view_message",
        "view_case")  # fmt: skip
    author = make_member(room).user
    new = make_message(room, author=author, text="texto recente", status=Message.Status.APPROVED)
    form = purge(author)

    page = send(client, "purge", **form)
    assert not Purge.objects.exists()
    assert "texto recente" in page.content.decode()
    assert errors_of(page) == {}
    assert page.context["preview"]["total"] == 1
    for _ in range(2):
        send(client, "purge", **{**form, "previewed": previewed(page)})
    made = Purge.objects.get()
    while run_slice():
        pass
    assert Message.objects.get(pk=new.pk).status == Message.Status.REMOVED

    client.post(reverse("admin:enforcement_purge_act", args=[made.pk, "reverse"]), {"reason": "a"})
    while run_slice():
        pass
    assert Message.objects.get(pk=new.pk).status == Message.Status.APPROVED
    assert actions_of(staff)[:1] == ["purge_started"]


@pytest.mark.proves("R290")
def test_changed_choice_is_shown_before_anything_is_removed(client, room):
    sign_in(client, "purge_messages", "view_purge")
    author = make_member(room).user
    make_message(room, author=author, text="texto recente")
    other = make_room()
    form = purge(author)
    page = send(client, "purge", **form)
    assert "texto recente" not in page.content.decode()  # not without the right to see messages

    changes = (
        {"hours": "3"}, {"room_id": str(room.pk)}, {"user_id": str(make_user().pk)},
        {"room_id": str(other.pk)},
    )  # fmt: skip
    for change in changes:
        send(client, "purge", **{**form, "previewed": previewed(page), **change})
        assert not Purge.objects.exists()


@pytest.mark.proves("R290")
def test_refused_purges_say_why(client, room):
    staff = sign_in(client, "purge_messages", "view_purge")
    author = make_member(room).user

    assert list(errors_of(send(client, "purge", **purge(author, hours="9000")))) == ["hours"]
    assert list(errors_of(send(client, "purge", **purge(author, hours="0")))) == ["hours"]
    assert list(errors_of(send(client, "purge", **purge(staff)))) == ["__all__"]
    unknown = purge(author, room_id=str(new_id()))
    assert list(errors_of(send(client, "purge", **unknown))) == ["__all__"]


@pytest.mark.proves("R290")
def test_purge_of_the_longest_time_is_confirmed_a_little_later(client, room, settings):
    sign_in(client, "purge_messages", "view_purge")
    author = make_member(room).user
    form = purge(author, hours=str(settings.ENV.purge_hours))
    page = send(client, "purge", **form)

    send(client, "purge", **{**form, "previewed": previewed(page)})

    assert Purge.objects.count() == 1


@pytest.mark.proves("R291")
def test_text_is_banked_once_and_removed_from_the_bank(client, room):
    staff = sign_in(client, "add_bankedtext", "view_bankedtext", "delete_bankedtext")
    message = make_message(room, text=LONG)
    form = {"message_id": str(message.pk), "order": "1/2026", "revision": "",
        "form_id": str(new_id())}  # fmt: skip

    send(client, "bank", **form)
    banked = BankedText.objects.get()
    client.post(
        reverse("admin:moderation_bankedtext_act", args=[banked.pk, "remove_from_bank"]),
        {"reason": "2/2026"},
    )
    assert not BankedText.objects.exists()
    assert actions_of(staff) == ["text_banked", "text_unbanked"]


@pytest.mark.proves("R291")
def test_refused_texts_say_why(client, room):
    staff = sign_in(client, "add_bankedtext", "view_bankedtext")
    of_others, own = make_message(room, text="oi"), make_message(room, text=LONG, author=staff)
    given = {"order": "1/2026", "revision": "", "form_id": str(new_id())}

    for message_id in (of_others.pk, own.pk, new_id()):
        page = send(client, "bank", message_id=str(message_id), **given)
        assert list(errors_of(page)) == ["__all__"]
    assert not BankedText.objects.exists()


@pytest.fixture
def case(room):
    message = make_message(room, text=LONG)
    return Case.objects.create(
        subject_type="message", subject_id=message.pk, revision=1, scope_id=room.pk,
        author=message.author, text=LONG, origin=Case.Origin.FLAG,
    )  # fmt: skip


async def read_all(answer):
    return b"".join([part async for part in answer])


def pack(client, case, order):
    url = reverse("admin:moderation_case_evidence", args=[case.pk])
    return client.post(url, {"order": order}, follow=True)


@pytest.mark.proves("R291")
def test_evidence_is_downloaded_from_the_page_of_a_case(client, case):
    staff = sign_in(client, "view_case", "make_evidence")
    page = client.get(reverse("admin:moderation_case_change", args=[case.pk])).content.decode()
    assert reverse("admin:moderation_case_evidence", args=[case.pk]) in page

    refused = pack(client, case, "")
    assert refused["Content-Type"].startswith("text/html")
    assert not LegalHold.objects.exists()
    answer = pack(client, case, "1/2026")

    assert answer["Content-Type"] == "application/zip"
    package = async_to_sync(read_all)(answer)
    names = zipfile.ZipFile(io.BytesIO(package)).namelist()
    assert "subject.json" in names
    assert LegalHold.objects.get().reference == "1/2026"
    assert "evidence_made" in actions_of(staff)


@pytest.mark.proves("R291")
def test_parties_get_no_evidence(client, case):
    staff = sign_in(client, "view_case", "make_evidence")
    Case.objects.filter(pk=case.pk).update(author=staff)
    page = client.get(reverse("admin:moderation_case_change", args=[case.pk])).content.decode()

    assert reverse("admin:moderation_case_evidence", args=[case.pk]) not in page
    assert pack(client, case, "1/2026")["Content-Type"].startswith("text/html")
    assert not LegalHold.objects.exists()


@pytest.mark.proves("R291")
@pytest.mark.parametrize("what", ["purge", "bank"])
def test_orders_ask_for_the_password_again(client, what):
    sign_in(client, "purge_messages", "add_bankedtext")
    session = client.session
    session[CONFIRMED_KEY] = 0
    session.save()

    assert send(client, what).status_code == 403
