"""Transparency reports: numbers with their queries, the same bytes each time."""

import csv
from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from moderado.enforcement.models import (
    Appeal,
    Erasure,
    Notice,
    PastOutcome,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.services.transparency import period_of
from moderado.enforcement.services.transparency_figures import FIGURES
from moderado.enforcement.services.transparency_statements import (
    CATEGORIES,
    FIELDS,
    INDICATOR,
    SECTIONS,
)
from moderado.moderation.models import Case, ModerationLog
from moderado.moderation.types import Category
from tests.factories import make_message, make_notice, make_suspension, make_user

pytestmark = pytest.mark.django_db

IN = datetime(2026, 3, 1, tzinfo=UTC)
OUT = datetime(2026, 7, 1, tzinfo=UTC)


def report(*options):
    out = StringIO()
    call_command("report", *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def _half_year(room):
    moderator, person = make_user(), make_user()
    for number, (verdict, actor, at) in enumerate(
        (("BLOCK", None, IN), ("BLOCK", None, IN), ("ALLOW", moderator, IN), ("BLOCK", None, OUT))
    ):
        ModerationLog.objects.create(
            subject_type="message",
            subject_id=moderator.id,
            revision=number,
            verdict=verdict,
            actor=actor,
            categories={"insult": 0.9},
            created_at=at,
        )
    Case.objects.create(
        subject_type="message",
        subject_id=person.id,
        revision=1,
        origin="hold",
        state="decided",
        outcome="ALLOW",
        created_at=IN,
        decided_at=IN.replace(minute=2),
    )
    Sanction.objects.create(
        user=person, kind="mute", reason="insult", actor=moderator, created_at=IN
    )
    make_message(room, created_at=IN)
    suspended = make_suspension(person)
    ReportingSuspension.objects.filter(pk=suspended.pk).update(created_at=IN)
    about = {"subject_type": "message", "subject_id": person.id}
    decided = {"state": "decided", "created_at": IN, "decided_at": IN.replace(minute=5)}
    reported = Report(
        reporter=person, revision=1, category="hate", case=Case.objects.get(),
        outcome="no_action", **about, **decided,
    )  # fmt: skip
    reported.save()
    Appeal.objects.create(
        appellant=person, decision_type="report", decision_id=reported.id, text="x",
        outcome="upheld", due_at=IN, **about, **decided,
    )  # fmt: skip


@pytest.fixture
def _noticed(_half_year):
    """Notices of one case: a ruling on it, an appeal of that and its reversal; one without."""
    case, moderator, author = Case.objects.get(), make_user(), make_user()

    def rule(content, **fields):
        given = {"case": case, "subject_type": "message", "subject_id": case.subject_id,
                 "revision": 1, "content": content, "reason": "hate", "actor": moderator,
                 "effective_at": IN, "undo_until": IN, "created_at": IN}  # fmt: skip
        return Ruling.objects.create(**{**given, **fields})

    removal = rule("remove")
    reversal = rule("allow", reverses=removal)
    decided = {"state": "decided", "confirmed_at": IN, "due_at": IN.replace(minute=8)}
    for minute, fields in (
        (4, {"outcome": "no_action", "ruling": reversal, "case": case, "category": "threat"}),
        (6, {"outcome": "no_action", "ruling": reversal, "case": case}),
        (9, {"outcome": "unavailable", "role": "prosecutor"}),
    ):
        make_notice(decided_at=IN.replace(minute=minute), **decided, **fields)
    make_notice()  # never confirmed
    make_notice(state="open", confirmed_at=OUT)
    Appeal.objects.create(
        appellant=author, decision_type="ruling", decision_id=removal.id, appealed=removal,
        subject_type="message", subject_id=case.subject_id, text="x", outcome="overturned",
        state="decided", created_at=IN, decided_at=IN.replace(minute=7), due_at=IN,
    )  # fmt: skip


def checked_numbers():
    """Return the numbers of a report, each compared with what its query returns."""
    rows = list(csv.DictReader(StringIO(report("--eu", "2026H1"))))
    for row in rows:
        with connection.cursor() as cursor:
            cursor.execute(row["query"])
            assert (row["group"], int(row["value"])) in cursor.fetchall()
    return {(row["indicator"], row["group"]): row["value"] for row in rows}


@pytest.mark.usefixtures("_noticed")
def test_report_counts_notices_and_what_became_of_them():
    found = {key: value for key, value in checked_numbers().items() if "notice" in key[0]}
    assert found == {
        ("notices_received", "hate"): "2",
        ("notices_received", "threat"): "1",
        ("notices_received_by_role", "prosecutor"): "1",
        ("notices_received_by_role", "victim"): "2",
        ("notices_decided", "no_action"): "2",
        ("notices_decided", "unavailable"): "1",
        ("notices_decided_by_category", "hate no_action"): "1",
        ("notices_decided_by_category", "hate unavailable"): "1",
        ("notices_decided_by_category", "threat no_action"): "1",
        ("median_seconds_to_notice_decision", "no_action"): "240",
        ("median_seconds_to_notice_decision", "unavailable"): "540",
        ("notices_decided_by_means", "automatic"): "1",
        ("notices_decided_by_means", "person"): "2",
        ("notices_decided_late", "unavailable"): "1",
        ("notice_appeals_received", "ruling"): "1",
        ("notice_appeals_decided", "overturned"): "1",
        ("notice_rulings_reversed", "allow"): "1",
    }


@pytest.mark.usefixtures("_half_year")
def test_european_report_counts_the_period_and_names_its_queries():
    found = checked_numbers()
    statements = {key for key in found if key[0] == "statements_of_reasons"}
    assert len(statements) == 2
    assert {key: value for key, value in found.items() if key not in statements} == {
        ("automated_decisions", "BLOCK"): "2",
        ("human_decisions", "ALLOW"): "1",
        ("automated_restrictions_by_category", "insult"): "2",
        ("cases_opened", "hold"): "1",
        ("automated_decisions_overturned", "ALLOW"): "1",
        ("median_seconds_to_decision", "hold"): "120",
        ("reports_received", "hate"): "1",
        ("reports_decided", "no_action"): "1",
        ("median_seconds_to_report_decision", "no_action"): "300",
        ("reporters_suspended", "unfounded_reports"): "1",
        ("appeals_received", "report"): "1",
        ("appeals_decided", "upheld"): "1",
        ("median_seconds_to_appeal_decision", "upheld"): "300",
        ("account_measures", "mute"): "1",
        ("monthly_authors", "2026-03"): "1",
    }


FULLY, BY_PERSON = "AUTOMATED_DECISION_FULLY", "AUTOMATED_DECISION_NOT_AUTOMATED"
SPEECH = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH"
OTHER = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"
REMOVED = ("DECISION_VISIBILITY_CONTENT_REMOVED", "", "")


def statements():
    """Return the decisions of a half-year by the fields of the DSA Transparency Database."""
    rows = list(csv.DictReader(StringIO(report("--eu", "2026H1"))))
    return {
        (row["section"], *(row[field] for field in FIELDS)): row["value"]
        for row in rows
        if row["indicator"] == "statements_of_reasons"
    }


@pytest.mark.usefixtures("_half_year")
def test_decisions_are_counted_by_the_fields_of_the_transparency_database():
    person, actor = make_user(), make_user()
    line = {"subject_type": "message", "subject_id": person.id, "created_at": IN}
    ModerationLog.objects.create(
        verdict="HOLD", revision=9, categories={"spam": 0.9, "hate": 0.2}, **line
    )
    ModerationLog.objects.create(
        verdict="HOLD", revision=10, categories={"spam": 0.9}, basis={"category": "hate"}, **line
    )
    ModerationLog.objects.create(verdict="FLAG", revision=11, categories={"spam": 1}, **line)
    sanction = {"user": person, "reason": "scam", "created_at": IN, "actor": actor}
    room = person.id
    Sanction.objects.create(kind="ban", ends_at=OUT, **sanction)
    Sanction.objects.create(kind="ban", **sanction)
    Sanction.objects.create(kind="ban", scope_id=room, **sanction)
    Sanction.objects.create(kind="mute", ends_at=OUT, threshold=3, **sanction | {"actor": None})
    Sanction.objects.create(kind="warning", **sanction)
    Sanction.objects.create(kind="ban", **sanction | {"created_at": OUT})

    held = ("DECISION_VISIBILITY_CONTENT_DISABLED", "", "", "SOURCE_VOLUNTARY", "Yes", FULLY)
    scam = ("1.4", "STATEMENT_CATEGORY_SCAMS_AND_FRAUD", "")
    by_person = ("SOURCE_VOLUNTARY", "No", BY_PERSON)
    assert statements() == {
        ("1.4", SPEECH, *REMOVED, "SOURCE_VOLUNTARY", "Yes", FULLY): "2",
        ("1.4", SPEECH, "", "DECISION_PROVISION_PARTIAL_TERMINATION", "", *by_person): "1",
        ("1.4", OTHER, *held): "1",
        ("1.4", SPEECH, *held): "1",
        (*scam, "", "DECISION_ACCOUNT_SUSPENDED", *by_person): "1",
        (*scam, "", "DECISION_ACCOUNT_TERMINATED", *by_person): "1",
        (*scam, "DECISION_PROVISION_PARTIAL_TERMINATION", "", *by_person): "1",
        (
            *scam, "DECISION_PROVISION_PARTIAL_SUSPENSION", "", "SOURCE_VOLUNTARY", "Yes", FULLY,
        ): "1",
    }  # fmt: skip


@pytest.mark.usefixtures("_noticed")
def test_decisions_on_what_others_notified_stand_with_the_notices():
    def of_rulings():
        found = {key: value for key, value in statements().items() if key[-1] == BY_PERSON}
        return {key: value for key, value in found.items() if key[2]}

    removal = ("1.3", SPEECH, *REMOVED)
    assert of_rulings() == {(*removal, "SOURCE_ARTICLE_16", "Yes", BY_PERSON): "1"}

    Notice.objects.update(confirmed_at=IN.replace(minute=1))
    notified = (*removal, "SOURCE_TYPE_OTHER_NOTIFICATION", "Yes", BY_PERSON)
    assert of_rulings() == {notified: "1"}, "the notice came after the ruling"

    Ruling.objects.filter(content="remove").update(undone_at=IN)
    assert of_rulings() == {}


def test_every_number_has_its_section_and_every_category_its_name():
    assert set(SECTIONS) <= {INDICATOR, *(figure.indicator for figure in FIGURES)}
    assert set(CATEGORIES) == set(Category)
    assert len(list(csv.DictReader(StringIO(report("--eu", "2026H1"))))) == 0


@pytest.mark.proves("S74")
@pytest.mark.usefixtures("_half_year")
def test_report_is_reproducible_to_the_byte():
    for options in (("--br", "2026H1"), ("--eu", "2026")):
        assert report(*options) == report(*options)
    written = report("--br", "2026H1")
    assert "| BLOCK | 2 |" in written
    assert all(figure.title in written for figure in FIGURES)


@pytest.mark.proves("R164")
@pytest.mark.usefixtures("_half_year")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_report_has_the_same_bytes_in_every_locale(encoding):
    raw = BytesIO()
    out = TextIOWrapper(raw, encoding=encoding)
    call_command("report", "--br", "2026H1", stdout=out)
    out.flush()
    assert raw.getvalue() == report("--br", "2026H1").encode()


def reopen_everything():
    """Take back all that was decided, as reversals after the period do."""
    open_again = {"state": "open", "outcome": "", "decided_at": None}
    Case.objects.update(**open_again)
    Report.objects.update(**open_again, is_upheld=None)
    Notice.objects.update(**open_again, ruling=None)
    Appeal.objects.update(**open_again)
    Erasure.objects.update(state="running")


@pytest.mark.proves("R164")
@pytest.mark.usefixtures("_noticed")
def test_report_of_an_ended_period_is_the_same_after_reversals():
    Erasure.objects.create(user=make_user(), state="held", due_at=IN, ended_at=IN)
    options = ("--br", "2026H1"), ("--eu", "2026H1")
    before = [report(*each) for each in options]
    assert "| held | 1 |" in before[0]

    reopen_everything()
    assert [report(*each) for each in options] == before

    later = {"outcome": "action_taken", "decided_at": OUT, "state": "decided"}
    Notice.objects.update(**later)
    Report.objects.update(**later)
    Erasure.objects.update(state="done", ended_at=OUT)
    assert [report(*each) for each in options] == before
    year = list(csv.DictReader(StringIO(report("--eu", "2026"))))
    decided = {row["group"]: row["value"] for row in year if row["indicator"] == "notices_decided"}
    assert decided == {"action_taken": "5"}


@pytest.mark.proves("R164")
@pytest.mark.usefixtures("_noticed")
def test_notice_after_the_period_changes_no_figure_of_it():
    Notice.objects.filter(case__isnull=False).update(confirmed_at=OUT, decided_at=OUT)
    before = report("--eu", "2026H1")
    assert "notice_appeals_received" not in before

    make_notice(state="open", confirmed_at=OUT, case=Case.objects.get())
    assert report("--eu", "2026H1") == before


@pytest.mark.proves("R164")
@pytest.mark.usefixtures("_half_year")
def test_past_outcomes_cannot_be_changed():
    reopen_everything()
    assert PastOutcome.objects.count() == 3
    for act in (lambda rows: rows.update(outcome="x"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act(PastOutcome.objects.all())


@pytest.mark.proves("S90")
@pytest.mark.usefixtures("_noticed")
def test_reports_quote_no_words_of_persons():
    words = '=HYPERLINK("http://e.example") | Bia Souza'
    for model in (Ruling, Sanction, ReportingSuspension):
        assert model.objects.update(reason=words, created_at=IN)
    for written in (report("--br", "2026H1"), report("--eu", "2026H1")):
        assert "HYPERLINK" not in written
        assert "Bia" not in written


def test_periods_are_half_years_and_years():
    assert period_of("2026H2").until == datetime(2027, 1, 1, tzinfo=UTC)
    assert period_of("2026").since == datetime(2026, 1, 1, tzinfo=UTC)
    for name in ("2026H3", "26", "", "x"):
        with pytest.raises(CommandError):
            report("--br", name)
