"""Export of an account's data: JSON and HTML in a ZIP, prepared in slices, deleted when it ends."""

import asyncio
import json
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from io import BytesIO
from zipfile import BadZipFile, ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.db.models import UUIDField
from django.utils import timezone

from moderado.accounts.models import User
from moderado.api.enforcement.zip_stream import zipped
from moderado.chat.services import exporting
from moderado.core.errors import NotFound
from moderado.core.ids import new_id
from moderado.enforcement.errors import ExportNotReady
from moderado.enforcement.models import Appeal, Export, ExportPart
from moderado.enforcement.services import exports
from moderado.moderation.models import SubjectRevision
from tests.everything import tables_with
from tests.factories import (
    client_of,
    fill_room,
    make_member,
    make_message,
    make_suspension,
    make_user,
)
from tests.integration.privacy.test_erasure import erase

pytestmark = pytest.mark.django_db

WORDS = "palavras-minhas"


def prepared(user):
    export = exports.request_export(user_id=user.id)
    while exporting.run_slice():
        pass
    export.refresh_from_db()
    return export


def archive_of(export):
    async def collected():
        reading = partial(_part, export.id)
        return b"".join([chunk async for chunk in zipped(reading)])

    parts = {}
    number = 0
    while (part := exports.read_part(export_id=export.id, number=number)) is not None:
        parts[number] = part
        number += 1

    def _part(_export_id, *, number):
        return parts.get(number)

    return ZipFile(BytesIO(asyncio.run(collected())))


def test_export_has_all_messages_as_json_and_as_pages_to_read(room, monkeypatch):
    user = make_member(room).user
    other = make_message(room, text="de outra pessoa")
    fill_room(room, user, 450, text=f"<b>{WORDS} #</b>")
    export = prepared(user)

    assert (export.state, export.done, export.total) == ("ready", 450, 450)
    archive = archive_of(export)
    assert archive.testzip() is None
    names = archive.namelist()
    pages = [
        json.loads(archive.read(name))
        for name in names
        if name.startswith("messages/0") and name.endswith(".json")
    ]
    assert [len(page) for page in pages] == [200, 200, 50]
    texts = {message["content"] for page in pages for message in page}
    assert texts == {f"<b>{WORDS} {number}</b>" for number in range(1, 451)}
    account = json.loads(archive.read("account.json"))
    assert account["account"]["email"] == user.email
    assert account["rooms"][0]["name"] == room.name
    html = archive.read("messages/00001.html").decode()
    assert f"&lt;b&gt;{WORDS} " in html, "words are never markup"
    assert "messages/00003.html" in archive.read("index.html").decode()
    everything = b"".join(map(archive.read, names)).decode()
    assert other.text not in everything
    assert other.author.email not in everything


# Columns that name an account and are in no export, by why; `*` is any column of a table.
NOT_EXPORTED = {
    "what moderators and operators did, which the audit of staff keeps": """
        *.actor_id *.claimed_by_id *.decided_by_id *.first_decider_id *.lifted_by_id
        *.end_changed_by_id *.released_by_id *.requested_by_id *.reversed_by_id *.revoked_by_id
        accounts_apikey.created_by_id accounts_invitation.created_by_id accounts_user_groups.*
        accounts_user_user_permissions.* django_admin_log.* moderation_policyversion.author_id
    """,
    "copies and traces of rows that are exported": """
        accounts_clientkey.* chat_departure.* chat_removal.* enforcement_export.*
        enforcement_pendingstrike.* enforcement_personchange.* moderation_blockedtext.*
        moderation_case.author_id moderation_erasabletext.*
    """,
    "of others": """
        accounts_invitation.used_by_id enforcement_personblock.blocked_id
        enforcement_caseexclusion.*
    """,
    "kept secret by law: an order gets them": """
        enforcement_accessrecord.* enforcement_legalhold.*
    """,
}
EXPORTED = {
    "accounts_session.user_id", "chat_membership.user_id", "chat_message.author_id",
    "enforcement_appeal.appellant_id", "enforcement_erasure.user_id",
    "enforcement_personblock.blocker_id", "enforcement_purge.user_id",
    "enforcement_report.reporter_id", "enforcement_reportingsuspension.user_id",
    "enforcement_ruling.author_id", "enforcement_sanction.user_id",
    "moderation_subjectrevision.author_id",
    "chat_room.created_by_id",  # the name, if the account chose it
}  # fmt: skip


def columns_of_accounts():
    """Return the columns that name an account, by a foreign key or by its id alone."""
    named = {"user_id", "author_id", "actor_id"}
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is User or (isinstance(field, UUIDField) and field.column in named)
    }


@pytest.mark.proves("R165")
def test_every_column_that_names_an_account_is_exported_or_named_with_the_reason():
    excepted = " ".join(NOT_EXPORTED.values()).split()
    left = {
        column
        for column in columns_of_accounts() - EXPORTED
        if not any(fnmatchcase(column, pattern) for pattern in excepted)
    }
    assert left == set()


@pytest.mark.proves("R165")
def test_export_has_appeals_suspensions_and_names(room):
    user = make_member(room).user
    told, untold = (
        Appeal.objects.create(
            appellant=user, decision_type="verdict", decision_id=new_id(), text=f"{WORDS} {told}",
            subject_type="message", subject_id=new_id(), state="decided", outcome="overturned",
            public_note=f"nota {told}", decided_at=timezone.now(), due_at=timezone.now(),
            told_at=timezone.now() if told else None,
        )
        for told in (True, False)
    )  # fmt: skip
    make_suspension(user)
    SubjectRevision.objects.create(
        subject_type="display_name", subject_id=user.id, revision=9, author=user,
        text="nome recusado", status="REJECTED",
    )  # fmt: skip

    archive = archive_of(prepared(user))
    account = json.loads(archive.read("account.json"))
    appeals = {each["id"]: each for each in account["appeals"]}
    assert appeals[str(told.id)]["outcome"] == "overturned"
    assert appeals[str(told.id)]["public_note"] == "nota True"
    assert appeals[str(untold.id)]["text"] == f"{WORDS} False"
    assert appeals[str(untold.id)]["outcome"] is appeals[str(untold.id)]["public_note"] is None
    assert len(account["suspensions"]) == 1
    assert account["names"][-1]["text"] == "nome recusado"
    assert "nome recusado" in archive.read("index.html").decode()


def test_worker_that_died_loses_one_page(room):
    user = make_member(room).user
    fill_room(room, user, 250)
    exports.request_export(user_id=user.id)
    claimed = exports.claim_export()
    claimed.checkpoint = None
    assert not exporting.run_slice(), "the lease of the dead worker"
    Export.objects.update(lease_until=None)

    while exporting.run_slice():
        pass

    assert Export.objects.get().done == 250
    assert not exports.save_parts(claimed, [("late.json", b"[]")], is_last=True)


def test_export_is_its_owners_and_expires(room):
    user, stranger = make_member(room).user, make_user()
    export = prepared(user)
    with pytest.raises(NotFound):
        exports.ready_export(user_id=stranger.id, export_id=export.id)
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert exports.delete_expired() == 1

    assert not ExportPart.objects.exists()
    with pytest.raises(ExportNotReady):
        exports.ready_export(user_id=user.id, export_id=export.id)


def test_second_request_returns_the_export_that_is_prepared(room):
    user = make_member(room).user
    first = exports.request_export(user_id=user.id)
    assert exports.request_export(user_id=user.id).id == first.id
    while exporting.run_slice():
        pass
    assert exports.request_export(user_id=user.id).id != first.id
    assert not ExportPart.objects.exists(), "the ready one is replaced"


def expire(_user):
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    exports.delete_expired()


def replace(user):
    exports.request_export(user_id=user.id)


@pytest.mark.proves("S88")
@pytest.mark.parametrize("end", [expire, replace, erase])
@pytest.mark.parametrize("position", [1, -1])
def test_download_of_an_export_that_ends_is_no_whole_archive(room, end, position):
    user = make_member(room).user
    make_message(room, author=user, text=WORDS)
    export = prepared(user)
    last = position % (export.parts + 1)

    def read(*, number):
        if number == last:
            end(user)
        return exports.read_part(export_id=export.id, number=number)

    received = []

    async def download():
        async for chunk in zipped(read):
            received.append(chunk)  # noqa: PERF401  (kept when it breaks off)

    with pytest.raises(ExportNotReady):
        async_to_sync(download)()
    with pytest.raises(BadZipFile):
        ZipFile(BytesIO(b"".join(received)))


@pytest.mark.proves("S37")
def test_export_of_an_erased_account_is_gone(room):
    user = make_member(room).user
    make_message(room, author=user, text=WORDS)
    prepared(user)
    erase(user)
    assert not Export.objects.exists()
    assert tables_with(WORDS) == set()


def test_progress_and_archive_by_rest(room):
    user = make_member(room).user
    client = client_of(user)
    asked = client.post("/api/me/export/")
    assert asked.status_code == 202
    path = f"/api/me/export/{asked.data['id']}/"
    assert client.get(path).data["state"] == "queued"
    assert client.get(f"{path}archive/").status_code == 409
    while exporting.run_slice():
        pass
    shown = client.get(path).data
    assert shown["state"] == "ready"
    assert shown["download"].endswith(f"{path}archive/")
    answer = client.get(f"{path}archive/")
    assert answer["Content-Type"] == "application/zip"
    assert client_of(make_user()).get(path).status_code == 404
