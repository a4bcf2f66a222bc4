"""Export of an account's data: JSON and HTML in a ZIP, prepared in slices, deleted when it ends."""

import asyncio
import json
from datetime import timedelta
from functools import partial
from io import BytesIO
from zipfile import BadZipFile, ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.accounts.services import sessions
from moderado.api.enforcement.zip_stream import zipped
from moderado.chat.services import exporting
from moderado.core.errors import NotFound
from moderado.enforcement.errors import ExportNotReady
from moderado.enforcement.models import Export, ExportPart
from moderado.enforcement.services import exports
from tests.everything import tables_with
from tests.factories import fill_room, make_member, make_message, make_user
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


def client_of(user):
    client = APIClient()
    tokens = sessions.tokens_of(session=sessions.open_session(user=user))
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access}")
    return client


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
