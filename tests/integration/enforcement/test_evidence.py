"""Evidence packages: what is in them, the hold that keeps it, and their verification."""

import asyncio
import io
import json
from zipfile import ZIP_BZIP2, ZIP_LZMA, ZipFile

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from rest_framework.test import APIClient

from moderado.chat.models import Revision
from moderado.core.file_blocks import FileBlocks
from moderado.core.ids import new_id
from moderado.enforcement.errors import OwnReport
from moderado.enforcement.evidence_package import own_fingerprint, verify
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    CaseExclusion,
    CaseNote,
    LegalHold,
    Queue,
    Report,
    Ruling,
)
from moderado.enforcement.services import evidence_records
from moderado.enforcement.services.evidence import make_evidence, make_evidence_of_case
from moderado.enforcement.services.fairness import exclude_from_case
from moderado.enforcement.types import Actor
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import Case
from moderado.moderation.services import log_evidence
from tests.factories import MODERATING, make_message, make_notice, make_staff, make_user
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


def downloaded(answer):
    async def collected():
        return b"".join([block async for block in answer.streaming_content])

    return asyncio.run(collected())


def packed_of(subject):
    with make_evidence(subject_id=subject.id, order="-").content as file:
        return file.read()


def check(package):
    return verify(io.BytesIO(package))


def contents_of(package):
    with ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(contents):
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_package_has_content_revisions_decisions_and_sealed_lines(case, message, monkeypatch):
    monkeypatch.setattr(FileBlocks, "SIZE", 64)
    answer = ask(case, "make_evidence", order="Ofício 7")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    package = downloaded(answer)
    files = contents_of(package)
    subject = json.loads(files["subject.json"])["content"]
    assert subject["message"]["text"] == "xicrinha"
    assert [each["text"] for each in subject["earlier_revisions"]] == ["antes"]
    assert subject["author"]["email"] == message.author.email
    assert json.loads(files["cases.json"])[0]["text"] == "xicrinha"
    assert json.loads(files["notices.json"])[0]["name"] == "Bia Souza"
    line = json.loads(files["log.json"])[0]
    assert (line["columns"]["subject_id"], len(line["digest"])) == (str(message.id), 64)
    assert check(package).problems == ()
    assert LegalHold.objects.get(subject_id=message.id).reference == "Ofício 7"
    made = AuditLine.objects.get(action="evidence_made")
    assert (made.subject_id, made.details["key"]) == (message.id, own_fingerprint())


@pytest.mark.proves("R169")
def test_package_has_the_appeals_of_what_was_decided_in_its_cases(case, message):
    now = timezone.now()
    ruling = Ruling.objects.create(
        case=case, subject_type="message", subject_id=message.id, revision=1, content="remove",
        reason="hate", actor=make_user(), effective_at=now, undo_until=now,
    )  # fmt: skip
    report = Report.objects.create(
        reporter=make_user(), subject_type="message", subject_id=message.id, revision=1,
        category="hate", case=case,
    )  # fmt: skip
    wanted = {"case": case}, {"appealed": ruling}, {"decision_id": report.id}
    for number, of in enumerate((*wanted, {})):
        Appeal.objects.create(
            appellant=make_user(), decision_type="ruling", subject_type="message",
            subject_id=message.id, text=f"recurso {number}", due_at=now,
            **{"decision_id": new_id(), **of},
        )  # fmt: skip
    appeals = json.loads(contents_of(packed_of(case))["appeals.json"])
    assert [each["text"] for each in appeals] == ["recurso 0", "recurso 1", "recurso 2"]


def test_same_content_gives_the_same_bytes(case, message):
    assert packed_of(case) == packed_of(message)
    assert AuditLine.objects.filter(action="evidence_made").count() == 2


def test_evidence_needs_a_hold_or_an_order_unless_the_law_keeps_it(case, message):
    plain = make_message(status="APPROVED", seq=1)
    answer = ask(case, "make_evidence")
    assert answer.status_code == 200
    assert check(downloaded(answer)).problems == ()
    assert LegalHold.objects.get(subject_id=message.id).reference.endswith("art. 27")
    with pytest.raises(CommandError, match="preservação"):
        call_command("evidence", str(plain.id), out="unused.zip")
    assert ask(case).status_code == 403


@pytest.mark.proves("S183")
@pytest.mark.parametrize("sees", [False, True])
def test_packages_have_addresses_of_notifiers_only_for_who_may_see_them(case, sees):
    notice = case.notices.get()
    notice.email = "bia@example.org"
    notice.save()

    answer = ask(case, "make_evidence", *(["view_notifier"] if sees else []))

    packed = json.loads(contents_of(downloaded(answer))["notices.json"])
    assert [each.get("email") for each in packed] == ["bia@example.org" if sees else None]


def package_for(case, staff):
    actor = Actor(id=staff.id, scope_ids=None, sees_restricted=True)
    with make_evidence_of_case(actor=actor, case_id=case.id, order="-").content as file:
        return file.read()


@pytest.mark.proves("S106")
def test_first_decider_preserves_what_is_appealed(case):
    staff = make_staff()
    with transaction.atomic():
        exclude_from_case(case=case, user_id=staff.id, reason=CaseExclusion.Reason.DECIDER)
    assert check(package_for(case, staff)).problems == ()


@pytest.mark.proves("S106")
def test_parties_of_any_case_in_a_package_do_not_make_it(case, message):
    reporter = make_staff()
    other = Case.objects.create(
        subject_type="message", subject_id=message.id, revision=1, origin="report",
        state="closed", author=message.author,
    )  # fmt: skip
    with transaction.atomic():
        exclude_from_case(case=other, user_id=reporter.id, reason=CaseExclusion.Reason.REPORTER)
    with pytest.raises(OwnReport):
        package_for(case, reporter)
    with pytest.raises(OwnCase):
        package_for(case, message.author)
    assert not LegalHold.objects.exists()


@pytest.mark.proves("S173")
@pytest.mark.parametrize("is_member", [False, True])
@pytest.mark.parametrize("of_person", [False, True])
def test_package_has_no_case_of_a_queue_that_is_closed_to_who_makes_it(is_member, of_person):
    staff, reporter = make_staff(), make_user()
    queue = Queue.objects.create(name="Delicado", filter={"category": ["hate"]}, position=1)
    group = Group.objects.create(name="poucos")
    queue.groups.add(group)
    if is_member:
        staff.groups.add(group)
    message = make_message(text="oi")
    about = {"subject_type": "message", "subject_id": message.id}
    common = {"origin": "report", "state": "closed", "author": message.author}
    kept = Case.objects.create(**about, **common, revision=1, categories=["hate"])
    if of_person:
        about = {"subject_type": "person", "subject_id": message.author.id}
    shown = Case.objects.create(**about, **common, revision=2, categories=["spam"])
    for case in (kept, shown):
        CaseNote.objects.create(case=case, actor=make_user(), text=f"nota {case.revision}")
        Report.objects.create(
            reporter=reporter, revision=case.revision, category="other", case=case,
            subject_type=case.subject_type, subject_id=case.subject_id,
        )  # fmt: skip

    files = contents_of(package_for(shown, staff))

    expected = {str(kept.id), str(shown.id)} if is_member else {str(shown.id)}
    assert {each["id"] for each in json.loads(files["cases.json"])} == expected
    for name in ("notes.json", "reports.json"):
        assert {each["case_id"] for each in json.loads(files[name])} == expected


@pytest.mark.parametrize("name", ["subject.json", "log.json", "public_key.pem", "manifest.json"])
def test_changed_package_does_not_verify(case, name):
    contents = contents_of(packed_of(case))
    assert check(repacked(contents)).problems == ()
    changed = {**contents, name: contents[name] + b" "}
    assert check(repacked(changed)).problems
    missing = {each: content for each, content in contents.items() if each != name}
    assert check(repacked(missing)).problems


def test_added_file_and_other_bytes_do_not_verify(case):
    contents = contents_of(packed_of(case))
    assert check(repacked({**contents, "more.json": b"{}"})).problems
    assert check(b"PK no archive").problems


@pytest.mark.proves("S89")
@pytest.mark.parametrize(
    "change",
    [
        lambda entry: setattr(entry, "compress_type", 99),
        lambda entry: setattr(entry, "compress_type", ZIP_LZMA),
        lambda entry: setattr(entry, "compress_type", ZIP_BZIP2),
        lambda entry: setattr(entry, "flag_bits", 1),
        lambda entry: setattr(entry, "header_offset", 7),
        lambda entry: setattr(entry, "extract_version", 99),
    ],
)
@pytest.mark.parametrize("name", ["subject.json", "manifest.json"])
def test_entry_that_no_package_has_is_a_problem_not_a_failure(case, name, change):
    packed = io.BytesIO(packed_of(case))
    with ZipFile(packed, "a") as archive:
        change(archive.getinfo(name))
        archive._didModify = True  # the directory is written again
    assert check(packed.getvalue()).problems


@pytest.mark.proves("S89")
@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig", "public_key.pem"])
def test_entry_that_expands_is_not_read_into_memory(case, name, monkeypatch):
    contents = {**contents_of(packed_of(case)), name: bytes(1 << 21)}
    packed = repacked(contents)
    read = []
    monkeypatch.setattr(ZipFile, "read", lambda _archive, name: read.append(name))
    assert check(packed).problems
    assert read == []


def test_package_signed_by_another_server_says_so(case, settings):
    package = packed_of(case)
    settings.SECRET_KEY = "another key of another server, long enough"
    checked = check(package)
    assert (checked.problems, checked.is_own_key) == ((), False)


def test_seal_of_a_line_is_part_of_the_package(case, monkeypatch):
    monkeypatch.setattr("moderado.moderation.services.log_evidence._seal_of", lambda _id: None)
    line = json.loads(contents_of(packed_of(case))["log.json"])
    assert line[0]["seal"] is None


def test_command_writes_and_verifies_a_package(case, tmp_path, capsys):
    out = tmp_path / "evidence.zip"
    call_command("evidence", str(case.id), out=out, order="Ofício 7")
    call_command("evidence", "verify", str(out))
    assert "intact" in capsys.readouterr().out
    content = bytearray(out.read_bytes())
    content[80] ^= 1  # inside the first file
    out.write_bytes(content)
    with pytest.raises(CommandError, match="not intact"):
        call_command("evidence", "verify", str(out))


def test_package_on_a_person_has_all_cases_a_few_in_memory(case, message, monkeypatch):
    monkeypatch.setattr(evidence_records, "BATCH", 2)
    monkeypatch.setattr(log_evidence, "BATCH", 1)
    most = []
    read = evidence_records.with_texts
    monkeypatch.setattr(
        evidence_records, "with_texts", lambda rows: most.append(len(rows)) or read(rows)
    )
    for revision in range(3, 6):
        restricted(make_message(author=message.author, status="HELD", revision=revision))

    package = packed_of(message.author)

    files = contents_of(package)
    assert (len(json.loads(files["cases.json"])), most) == (4, [2, 2])
    lines = json.loads(files["log.json"])
    assert len({line["columns"]["id"] for line in lines}) == len(lines) == 4
    assert check(package).problems == ()
