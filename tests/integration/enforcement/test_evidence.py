"""Evidence packages: what is in them, the hold that keeps it, and their verification."""

import io
import json
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from moderado.chat.models import Revision
from moderado.enforcement.evidence_package import own_fingerprint, verify
from moderado.enforcement.models import AuditLine, LegalHold
from moderado.enforcement.services.evidence import make_evidence
from tests.factories import MODERATING, make_message, make_notice, make_staff
from tests.integration.enforcement.test_restricted import restricted

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S77")]


@pytest.fixture
def message():
    found = make_message(status="HELD", text="xicrinha", revision=2)
    Revision.objects.create(message=found, revision=1, text="antes", status="APPROVED")
    return found


@pytest.fixture
def case(message):
    found = restricted(message)
    make_notice(case=found, name="Bia Souza", state="open")
    return found


def ask(case, *rights, **body):
    client = APIClient()
    client.force_login(make_staff(*MODERATING, "view_restricted_case", *rights))
    return client.post(f"/api/enforcement/cases/{case.id}/evidence/", body)


def contents_of(package):
    with ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(contents):
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_package_has_content_revisions_decisions_and_sealed_lines(case, message):
    answer = ask(case, "make_evidence", order="Ofício 7")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    files = contents_of(answer.content)
    subject = json.loads(files["subject.json"])["content"]
    assert subject["message"]["text"] == "xicrinha"
    assert [each["text"] for each in subject["earlier_revisions"]] == ["antes"]
    assert subject["author"]["email"] == message.author.email
    assert json.loads(files["cases.json"])[0]["text"] == "xicrinha"
    assert json.loads(files["notices.json"])[0]["name"] == "Bia Souza"
    line = json.loads(files["log.json"])[0]
    assert (line["columns"]["subject_id"], len(line["digest"])) == (str(message.id), 64)
    assert verify(answer.content).problems == ()
    assert LegalHold.objects.get(subject_id=message.id).reference == "Ofício 7"
    made = AuditLine.objects.get(action="evidence_made")
    assert (made.subject_id, made.details["key"]) == (message.id, own_fingerprint())


def test_same_content_gives_the_same_bytes(case, message):
    first = make_evidence(subject_id=case.id, order="-")
    assert make_evidence(subject_id=message.id, order="-").content == first.content
    assert AuditLine.objects.filter(action="evidence_made").count() == 2


def test_evidence_needs_a_hold_or_an_order_unless_the_law_keeps_it(case, message):
    plain = make_message(status="APPROVED", seq=1)
    assert ask(case, "make_evidence").status_code == 200
    assert LegalHold.objects.get(subject_id=message.id).reference.endswith("art. 27")
    with pytest.raises(CommandError, match="preservação"):
        call_command("evidence", str(plain.id), out="unused.zip")
    assert ask(case).status_code == 403


@pytest.mark.parametrize("name", ["subject.json", "log.json", "public_key.pem", "manifest.json"])
def test_changed_package_does_not_verify(case, name):
    contents = contents_of(make_evidence(subject_id=case.id, order="-").content)
    assert verify(repacked(contents)).problems == ()
    changed = {**contents, name: contents[name] + b" "}
    assert verify(repacked(changed)).problems
    missing = {each: content for each, content in contents.items() if each != name}
    assert verify(repacked(missing)).problems


def test_added_file_and_other_bytes_do_not_verify(case):
    contents = contents_of(make_evidence(subject_id=case.id, order="-").content)
    assert verify(repacked({**contents, "more.json": b"{}"})).problems
    assert verify(b"PK no archive").problems


def test_package_signed_by_another_server_says_so(case, settings):
    package = make_evidence(subject_id=case.id, order="-").content
    settings.SECRET_KEY = "another key of another server, long enough"
    checked = verify(package)
    assert (checked.problems, checked.is_own_key) == ((), False)


def test_seal_of_a_line_is_part_of_the_package(case, monkeypatch):
    monkeypatch.setattr("moderado.moderation.services.log_evidence._seal_of", lambda _id: None)
    line = json.loads(contents_of(make_evidence(subject_id=case.id, order="-").content)["log.json"])
    assert line[0]["seal"] is None


def test_command_writes_and_verifies_a_package(case, tmp_path, capsys):
    out = tmp_path / "evidence.zip"
    call_command("evidence", str(case.id), out=out, order="Ofício 7")
    call_command("evidence", "verify", str(out))
    assert "intact" in capsys.readouterr().out
    out.write_bytes(out.read_bytes().replace(b"xicrinha", b"xicrinhb"))
    with pytest.raises(CommandError, match="not intact"):
        call_command("evidence", "verify", str(out))
