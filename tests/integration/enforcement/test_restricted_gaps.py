"""A restricted case about what others see leaves no gap in any list of staff."""

import pytest
from django.db import transaction

from moderado.chat.models import Message
from moderado.enforcement.models import AuditLine, LegalHold
from moderado.enforcement.services.appeals import appeal_report
from moderado.enforcement.services.audit import write_line
from moderado.enforcement.services.cases import open_or_join
from moderado.enforcement.services.reports import report
from moderado.enforcement.services.rulings import Proposal, rule
from moderado.enforcement.types import ContentOutcome
from moderado.moderation.categories import category_list
from moderado.moderation.models import (
    BankedText,
    Case,
    ModerationLog,
    ProviderCall,
    ShadowResult,
    SubjectRevision,
)
from moderado.moderation.services.recording import record
from moderado.moderation.types import Content, Outcome, Verdict
from tests.factories import MODERATING, REPORTING, make_member, make_message, make_staff, make_user
from tests.integration.enforcement.steps import settle
from tests.rulings import make_ruling, staff_actor

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S194")]

RIGHTS = (
    *MODERATING, *REPORTING, "view_providercall", "view_shadowresult", "view_subjectrevision",
    "view_ruling", "view_report", "view_legalhold", "view_bankedtext", "view_auditline",
)  # fmt: skip
OF_NAMES = (
    "moderation/moderationlog", "moderation/providercall", "moderation/shadowresult",
    "moderation/subjectrevision", "enforcement/ruling",
)  # fmt: skip
OF_MESSAGES = (
    "moderation/moderationlog", "moderation/providercall", "moderation/shadowresult",
    "moderation/bankedtext", "chat/message", "enforcement/ruling", "enforcement/report",
    "enforcement/appeal", "enforcement/legalhold", "enforcement/auditline",
)  # fmt: skip
LISTS = {*OF_NAMES, *OF_MESSAGES, "moderation/case"}
DANGER = "child_safety"


@pytest.fixture
def message(room):
    """A message that others see, with records of each kind."""
    message = make_message(room, text="bom dia", status=Message.Status.APPROVED, seq=1)
    about = {"subject_type": "message", "subject_id": message.id}
    record_all(about, revision=1, scope_id=room.id, author_id=message.author_id)
    BankedText.objects.create(**about, digests=["x"], reference="Ofício 1")
    LegalHold.objects.create(**about, author=message.author, reference="Ofício 2")
    write_line(actor_id=None, action="text_banked", **about)
    reporter = make_member(room).user
    found, _ = report(reporter_id=reporter.id, **about, category="spam")
    make_ruling(actor_id=make_staff().id, case_id=found.case_id, content="allow")
    settle()
    appeal_report(user_id=reporter.id, report_id=found.id, text="Look again")
    return {**about, "revision": 1, "scope_id": room.id, "author_id": message.author_id}


@pytest.fixture
def name():
    """A name that others see, the second one of its account."""
    author = make_user()
    about = {"subject_type": "user_name", "subject_id": author.id}
    for revision, text, status in ((1, "Ana", "SUPERSEDED"), (2, "Bia", "APPROVED")):
        SubjectRevision.objects.create(
            **about, revision=revision, author=author, text=text, status=status
        )
    record_all(about, revision=2, scope_id=None, author_id=author.id)
    return {**about, "revision": 2, "scope_id": None, "author_id": author.id}


def record_all(about, *, revision, scope_id, author_id):
    """Store a verdict with its case and the ruling on it, a call and a shadow verdict."""
    content = Content(
        **about, revision=revision, text="-", scope_id=scope_id, author_id=author_id
    )  # fmt: skip
    with transaction.atomic():
        record([(content, Verdict(outcome=Outcome.FLAG, score=0.6, decided_by="blocklist"))])
    case = Case.objects.get(**about)
    make_ruling(actor_id=make_staff().id, case_id=case.id, content="keep_flagged")
    settle()
    line = ModerationLog.objects.filter(**about).first()
    ProviderCall.objects.create(**about, revision=revision, provider="one", state="answered")
    ShadowResult.objects.create(
        **about, revision=revision, policy="default", policy_version="1", line_id=line.id,
        decided="FLAG", outcome="ALLOW",
    )  # fmt: skip


@pytest.fixture
def lists(client):
    """Read the ids of each list of the admin and of REST, as staff without the right."""
    staff = make_staff(*RIGHTS)
    client.force_login(staff)

    def read():
        found = {
            each: {str(row.pk) for row in client.get(f"/admin/{each}/").context["cl"].result_list}
            for each in LISTS
        }
        for path in ("moderation/logs/", "enforcement/appeals/", "enforcement/audit/"):
            rows = client.get(f"/api/{path}").json()["results"]
            found[path] = {each["id"] for each in rows}
        own_looks = set(
            map(str, AuditLine.objects.filter(actor=staff).values_list("pk", flat=True))
        )
        return {each: ids - own_looks for each, ids in found.items()}

    return read


def open_restricted(about):
    with transaction.atomic():
        return open_or_join(**about, origin=Case.Origin.REPORT, categories=[DANGER], text="-")


def decide(case):
    actor = staff_actor(sees_restricted=True)
    proposal = Proposal(content=ContentOutcome.ALLOW, reason="reviewed")
    rule(actor=actor, case_id=case.id, proposal=proposal)


@pytest.mark.parametrize(
    ("subject", "filled"), [("message", OF_MESSAGES), ("name", OF_NAMES)], ids=["message", "name"]
)
def test_lists_stay_as_they_are_while_others_see_the_subject(subject, filled, lists, request):
    about = request.getfixturevalue(subject)
    before = lists()
    assert all(before[each] for each in filled)

    decide(open_restricted(about))
    assert AuditLine.objects.filter(action="ruling_made").count() > 1
    assert lists() == before

    Message.objects.update(status="HELD")
    SubjectRevision.objects.filter(status="APPROVED").update(status="HELD")
    after = lists()
    assert not any(after[each] for each in filled if each != "enforcement/auditline")


def test_name_that_others_see_has_no_mark_of_danger(name, client):
    open_restricted(name)
    row = SubjectRevision.objects.get(subject_id=name["subject_id"], revision=2)
    SubjectRevision.objects.filter(pk=row.pk).update(categories=[DANGER, "spam"])
    pages = []
    for rights in (RIGHTS, (*RIGHTS, "view_restricted_case")):
        client.force_login(make_staff(*rights))
        path = f"/admin/moderation/subjectrevision/{row.pk}/change/"
        pages.append(client.get(path).content.decode())

    assert [category_list([DANGER]) in page for page in pages] == [False, True]
    assert all(category_list(["spam"]) in page for page in pages)


def test_answers_that_found_danger_are_in_no_list(message, lists):
    before = lists()["moderation/providercall"]
    ModerationLog.objects.create(
        subject_type="message", subject_id=message["subject_id"], revision=1, verdict="FLAG",
        score=0.9, categories={DANGER: 0.9}, decided_by="one",
    )  # fmt: skip

    assert len(before) == 1
    assert not lists()["moderation/providercall"]
