"""Erasure of an account: its words are nowhere, and what was decided still verifies."""

import json
from contextlib import nullcontext
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from moderado.accounts.models import Invitation, User
from moderado.accounts.rights import DECIDE_CASE, is_entitled
from moderado.accounts.services import accounts, sessions
from moderado.accounts.types import Origin
from moderado.chat.models import Membership, Message, Room
from moderado.chat.selectors.feed import changes
from moderado.chat.services import claims, erasing, screening
from moderado.chat.services.editing import edit_message
from moderado.chat.services.memberships import join_room, leave_room
from moderado.chat.services.posting import post_message
from moderado.chat.services.removing import delete_message
from moderado.chat.services.rooms import create_room, update_room
from moderado.chat.services.verdicts import content_of
from moderado.core import failpoints
from moderado.core.errors import ApplicationError, Invalid, NotFound
from moderado.core.failpoints import FailpointReached
from moderado.core.ids import new_id
from moderado.enforcement.errors import ErasureStarted, HoldReleased
from moderado.enforcement.models import (
    Appeal,
    AuditLine,
    BulkRuling,
    CaseNote,
    Erasure,
    LegalHold,
    Purge,
    Report,
    ReportingSuspension,
    Ruling,
    Sanction,
)
from moderado.enforcement.services import erasures, holds
from moderado.enforcement.services.bulk import run_unfinished
from moderado.enforcement.services.sanctions import apply_sanction, lift_sanction
from moderado.enforcement.types import SanctionKind
from moderado.moderation.errors import OwnCase
from moderado.moderation.models import (
    Case,
    ErasableText,
    ModerationLog,
    ProviderCall,
    SubjectRevision,
)
from moderado.moderation.services import ledger
from moderado.moderation.services.log_verification import verify_log
from moderado.moderation.services.screening import prepare
from moderado.moderation.services.sealing import seal_log
from moderado.moderation.services.subject_screening import screen_waiting
from moderado.moderation.types import Signal
from tests import rulings
from tests.everything import columns_with, tables_with, text_columns
from tests.factories import PASSWORD, make_member, make_message, make_user
from tests.integration.privacy.words import CANARY, is_excepted, leave_the_rest

pytestmark = pytest.mark.django_db

ORIGIN = Origin(entry_point="rest", address="203.0.113.7")


def post(author, room, text):
    view = post_message(
        author_id=author.id, room_id=room.id, text=text, client_id=f"{author.name[:14]}-{new_id()}"
    ).view
    return Message.objects.get(pk=view.id)


def judge():
    screening.screen_waiting()


def erase(user, *more):
    out = StringIO()
    call_command("erase", str(user.id), "--json", *more, stdout=out)
    return json.loads(out.getvalue())


def request(user, password=PASSWORD):
    session = sessions.open_session(user=user)
    return erasures.request_erasure(
        user_id=user.id, session_id=session.id, password=password, origin=ORIGIN
    )


def run(user):
    while erasing.run_slice(user.id):
        pass
    return Erasure.objects.get(user=user)


def of_room(room, reader, after=0):
    return changes(
        room_id=room.id, reader_id=reader.id, after=after, epoch=room.epoch, language="en"
    )


def note_on(case, moderator):
    CaseNote.objects.create(case=case, actor=moderator, text=f"nota {CANARY}")
    Ruling.objects.create(
        case=case,
        subject_type=case.subject_type,
        subject_id=case.subject_id,
        revision=case.revision,
        author=case.author,
        content="keep_flagged",
        reason=f"disse {CANARY}",
        public_note=CANARY,
        private_note=CANARY,
        actor=moderator,
        effective_at=timezone.now(),
        undo_until=timezone.now(),
    )
    Report.objects.create(
        reporter=case.author,
        subject_type="user",
        subject_id=moderator.id,
        revision=1,
        category="insult",
        comment=CANARY,
        case=case,
    )
    sanction = Sanction.objects.create(
        user=case.author, kind="warning", reason=CANARY, public_note=CANARY, actor=moderator,
        lift_reason=f"não disse {CANARY}", end_reason=f"disse {CANARY}",
    )  # fmt: skip
    Purge.objects.create(
        actor=moderator, user=case.author, since=timezone.now(), reason=CANARY, public_note=CANARY,
        reversal_reason=CANARY, state="reversed",
    )  # fmt: skip
    ReportingSuspension.objects.create(
        user=case.author, actor=moderator, reason=CANARY, public_note=CANARY, lift_reason=CANARY,
        ends_at=timezone.now(), lifted_at=timezone.now(), decided_reports=9, rejected_reports=9,
    )  # fmt: skip
    for decision_type, decision in (("verdict", case), ("sanction", sanction)):
        Appeal.objects.create(
            appellant=case.author,
            decision_type=decision_type,
            decision_id=decision.id,
            subject_type=case.subject_type,
            subject_id=case.subject_id if decision is case else case.author.id,
            text=f"recurso {CANARY}",
            reason=CANARY,
            public_note=f"resposta {CANARY}",
            state="decided",
            outcome="upheld",
            due_at=timezone.now(),
        )


def live(room, author, rest=()):
    """Leave words of the author wherever the product stores any."""
    shown = post(author, room, f"{CANARY} bom dia")
    judge()
    edited = post(author, room, f"primeira {CANARY}")
    judge()
    edit_message(actor_id=author.id, message_id=edited.id, text=f"corrigida {CANARY}")
    judge()
    edit_message(actor_id=author.id, message_id=edited.id, text=f"HOLD segunda {CANARY}")
    judge()
    held = post(author, room, f"HOLD {CANARY}")
    flagged = post(author, room, f"FLAG {CANARY}")
    blocked = post(author, room, f"BLOCK {CANARY}")
    judge()
    deleted = post(author, room, f"apagada {CANARY}")
    judge()
    delete_message(actor_id=author.id, message_id=deleted.id)
    moderator = make_user()
    case = Case.objects.get(subject_id=held.id)
    rulings.rule(
        actor_id=moderator.id,
        case_id=case.id,
        scope_ids=None,
        outcome="BLOCK",
        reason="insult",
        note=f"disse {CANARY}",
    )
    note_on(Case.objects.get(subject_id=flagged.id), moderator)
    pending = post(author, room, f"espera {CANARY}")
    return shown, edited, held, flagged, blocked, deleted, pending, *rest


@pytest.fixture
def author(room):
    author = make_member(room, user=make_user(email=f"{CANARY}@example.org", name=CANARY)).user
    accounts.update_profile(user_id=author.id, name=f"HOLD {CANARY} nova")
    screen_waiting()
    sessions.open_session(user=author, user_agent=f"Firefox {CANARY}")
    Invitation.objects.create(digest=b"1", note=CANARY, used_by=author, expires_at=timezone.now())
    LogEntry.objects.create(
        user=make_user(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(author.id),
        object_repr=CANARY,
        action_flag=CHANGE,
    )
    return author


@pytest.mark.proves("S37")
@pytest.mark.proves("S122")
def test_words_of_an_erased_account_are_in_no_table(author, bob, room):
    own = create_room(creator_id=author.id, name=f"sala {CANARY}")
    screen_waiting()
    live(room, author)
    live(own, author)
    kept = post(bob, room, "fica aqui")
    judge()
    seal_log(settle=timedelta(seconds=-2))
    lines = set(ModerationLog.objects.values_list("pk", flat=True))
    cases = Case.objects.count()
    leave_the_rest(author)
    assert columns_with(CANARY) == {each for each in text_columns() if not is_excepted(each)}

    assert erase(author)["state"] == "done"

    assert columns_with(CANARY) == set()
    appeals = Appeal.objects.filter(appellant=author).values_list("text", "outcome")
    assert set(appeals) == {("", "upheld")}
    assert verify_log().is_sound
    assert verify_log().texts["case"]["erased"] > 0
    assert lines <= set(ModerationLog.objects.values_list("pk", flat=True))
    assert Case.objects.count() == cases
    kept.refresh_from_db()
    assert (kept.text, kept.status) == ("fica aqui", "APPROVED")


@pytest.mark.proves("S37")
def test_room_hears_of_each_removal_without_a_gap(author, bob, room):
    shown = live(room, author)[0]
    room.refresh_from_db()
    before = room.seq
    erase(author)
    room.refresh_from_db()

    feed = of_room(room, bob, after=before)
    seqs = [message.seq for message in feed.messages]
    assert seqs == list(range(before + 1, room.seq + 1))
    assert {message.status for message in feed.messages} == {"REMOVED"}
    assert shown.id in {message.id for message in feed.messages}
    assert not any(message.content for message in of_room(room, bob).messages)


@pytest.mark.proves("S37")
def test_export_of_an_erased_account_is_empty_and_its_owner_cannot_sign_in(author, room):
    session = author.sessions.get()
    erase(author)

    author.refresh_from_db()
    assert (author.name, author.email) == ("Conta apagada", f"{author.id}@erased.invalid")
    assert not author.is_active
    assert not author.has_usable_password()
    session.refresh_from_db()
    assert session.ended_at is not None
    assert not Membership.objects.filter(user=author).exists()


@pytest.mark.proves("R105")
def test_answer_that_arrives_after_the_erasure_leaves_no_text(author, room, settings):
    settings.MODERATION_PROVIDERS = [{"BACKEND": "tests.providers.Remote"}]
    message = post(author, room, CANARY)
    with transaction.atomic():
        (claimed,) = claims.Claimant().claim()
        (prepared,) = prepare([content_of(claimed)])
        leased = claims.lease([claimed], seconds=60)
    (call,) = prepared.calls
    erase(author)

    ledger.settle([(call, Signal(provider="remote", raw={"rationale": CANARY}))])
    with transaction.atomic():
        assert claims.retake(leased) == []

    assert columns_with(CANARY) == set()
    assert ProviderCall.objects.get().state == "answered"
    assert verify_log().is_sound
    message.refresh_from_db()
    assert (message.status, message.queued_at) == ("REMOVED", None)


@pytest.mark.proves("R105")
def test_message_that_was_stored_during_the_erasure_is_erased_by_the_second_pass(
    author, room, monkeypatch
):
    erasures.order_erasure(actor_id=None, user_id=author.id)
    is_open = True
    monkeypatch.setattr(erasing, "is_settled", lambda _moment: not is_open)
    erasing.run_slice(author.id)
    late = make_message(room, author=author, text=CANARY)  # by a statement that began before
    Erasure.objects.update(lease_until=None)
    erasing.run_slice(author.id)
    assert Erasure.objects.get().state == "running"

    is_open = False
    Erasure.objects.update(lease_until=None)

    assert run(author).state == "done"
    late.refresh_from_db()
    assert (late.text, late.status) == ("", "REMOVED")


@pytest.mark.parametrize("point", ["erasure.before_commit", "erasure.after_batch"])
@pytest.mark.proves("R105")
def test_interrupted_erasure_is_continued(author, room, point, monkeypatch):
    live(room, author)
    monkeypatch.setattr("moderado.chat.services.erasing.BATCH", 2)
    monkeypatch.setattr("moderado.chat.services.erased_messages.BATCH", 2)
    erasures.order_erasure(actor_id=None, user_id=author.id)
    failpoints.arm(f"{point}:raise")
    for _ in range(3):
        with pytest.raises(FailpointReached):
            erasing.run_slice(author.id)
        assert not erasing.run_slice(author.id), "the lease of the dead worker"
        Erasure.objects.update(lease_until=None)
    failpoints.arm("")

    assert run(author).state == "done"
    assert columns_with(CANARY) == set()
    assert erase(author)["state"] == "done", "a repeat changes nothing"
    assert AuditLine.objects.filter(action="account_erased").count() == 1


def test_own_appeals_that_wait_end_with_the_account(author, bob):
    common = {"subject_type": "user", "subject_id": author.id, "due_at": timezone.now()}
    for number, appellant in enumerate((author, bob)):
        kind = "report" if number else "sanction"
        Appeal.objects.create(
            appellant=appellant, decision_type=kind, decision_id=new_id(), text=CANARY, **common
        )

    erase(author)

    found = Appeal.objects.order_by("decision_type").values_list("state", "outcome", "text")
    assert list(found) == [("open", "", ""), ("decided", "ended", "")]


@pytest.mark.proves("S122")
def test_unfinished_ruling_in_bulk_loses_its_words_about_the_erased_when_it_ends(author, bob, room):
    written = {"content": "allow", "reason": f"disse {CANARY}", "public_note": CANARY,
               "private_note": CANARY}  # fmt: skip
    bulk = BulkRuling.objects.create(
        actor=make_user(), filter={"author_id": str(author.id)}, ruling=written
    )
    erase(author)
    bulk.refresh_from_db()
    assert bulk.ruling == written, "other authors are still to be ruled on"

    run_unfinished(seconds=5)

    bulk.refresh_from_db()
    assert bulk.state == "done"
    assert bulk.ruling == {"content": "allow", "reason": "", "public_note": "", "private_note": ""}


def test_request_waits_for_the_grace_period_and_can_be_withdrawn(author, settings):
    settings.ERASURE_GRACE_DAYS = 3
    first = request(author)
    assert request(author).id == first.id
    assert first.due_at - timezone.now() > timedelta(days=2)
    assert not erasing.run_slice()

    erasures.cancel_erasure(user_id=author.id)

    with pytest.raises(NotFound):
        erasures.cancel_erasure(user_id=author.id)
    with pytest.raises(NotFound):
        erasures.get_erasure(user_id=author.id)
    assert request(author).id != first.id


def test_request_needs_the_password(author):
    with pytest.raises(Invalid):
        request(author, password="another")
    assert not Erasure.objects.exists()


def test_begun_erasure_cannot_be_withdrawn(author):
    erasures.order_erasure(actor_id=None, user_id=author.id)
    erasing.run_slice(author.id)
    with pytest.raises(ErasureStarted):
        erasures.cancel_erasure(user_id=author.id)


def is_refused(act):
    try:
        act()
    except ApplicationError:
        return True
    return False


def ordered(user):
    return erasures.order_erasure(actor_id=None, user_id=user.id)


@pytest.mark.proves("S153")
@pytest.mark.parametrize("begin", [ordered, request])
def test_account_does_nothing_more_before_a_worker_takes_its_erasure(
    author, room, settings, client, begin
):
    settings.ERASURE_GRACE_DAYS = 0
    author.is_staff = True
    author.save()
    author.user_permissions.set(Permission.objects.all())
    session = sessions.open_session(user=author)
    tokens = sessions.tokens_of(session=session)

    assert begin(author).state == "waiting"

    author = User.objects.get(pk=author.pk)
    assert not author.check_password(PASSWORD)
    assert not is_entitled(author, DECIDE_CASE)
    session.refresh_from_db()
    assert session.ended_at is not None
    acts = {
        "refresh": lambda: sessions.refresh(token=tokens.refresh),
        "open a session": lambda: sessions.open_session(user=author),
        "sign in": lambda: sessions.sign_in(email=author.email, password=PASSWORD),
        "create a room": lambda: create_room(creator_id=author.id, name="sala"),
        "withdraw": lambda: erasures.cancel_erasure(user_id=author.id),
    }
    assert {name for name, act in acts.items() if not is_refused(act)} == set()
    for path, body in (("messages", {"content": "oi"}), ("join", {})):
        answer = client.post(
            f"/api/chat/rooms/{room.id}/{path}/",
            body,
            "application/json",
            headers={"Authorization": f"Bearer {tokens.access}"},
        )
        assert answer.status_code == 401


@pytest.mark.proves("S153")
def test_order_that_is_not_stored_leaves_the_account_open(author):
    with transaction.atomic():
        ordered(author)
        transaction.set_rollback(True)

    author.refresh_from_db()
    assert author.is_active
    assert author.check_password(PASSWORD)
    assert not Erasure.objects.exists()


def test_rooms_of_the_erased_get_an_administrator_or_end(author, bob):
    shared = create_room(creator_id=author.id, name="comum")
    make_member(shared, user=bob)
    alone = create_room(creator_id=author.id, name="so minha")
    erase(author)

    assert Membership.objects.get(room=shared).role == "ADMIN"
    assert Room.objects.get(pk=shared.id).deleted_at is None
    assert Room.objects.get(pk=alone.id).deleted_at is not None


@pytest.mark.proves("R279")
def test_room_of_the_erased_has_an_administrator_once_a_banned_member_is_back(author, bob):
    shared = create_room(creator_id=author.id, name="comum")
    make_member(shared, user=bob)
    with transaction.atomic():
        ban = apply_sanction(
            actor_id=make_user(is_staff=True).id, user_id=bob.id, kind=SanctionKind.BAN,
            scope_id=None, term=timedelta(days=1), reason="spam",
        )  # fmt: skip
    erase(author)
    assert Room.objects.get(pk=shared.id).deleted_at is None

    with transaction.atomic():
        lift_sanction(sanction_id=ban.id, actor_id=make_user(is_staff=True).id, reason="error")

    assert Membership.objects.get(room=shared).user_id == bob.id
    assert Membership.objects.get(room=shared).role == "ADMIN"
    joined = join_room(user_id=make_user().id, room_id=shared.id)
    assert joined.role == "MEMBER"


@pytest.mark.proves("S124")
def test_name_of_an_ended_room_is_erased_if_the_erased_account_chose_it(author, bob):
    renamed = create_room(creator_id=bob.id, name="sala do bob")
    make_member(renamed, user=author, role="ADMIN")
    theirs = create_room(creator_id=bob.id, name="fica")
    make_member(theirs, user=author, role="ADMIN")
    screen_waiting()
    for room in (renamed, theirs):
        update_room(actor_id=author.id, room_id=room.id, name=f"sala {CANARY}")
    screen_waiting()
    leave_room(user_id=bob.id, room_id=renamed.id)

    erase(author)

    renamed.refresh_from_db()
    theirs.refresh_from_db()
    assert renamed.deleted_at is not None
    assert CANARY not in renamed.name
    assert CANARY in theirs.name, "its members have it"
    assert columns_with(CANARY) == {"chat_room.name", "moderation_subjectrevision.text"}


@pytest.mark.proves("R106")
def test_held_account_is_closed_and_keeps_its_data_until_the_release(author, room, bob):
    shown, *_ = live(room, author)
    hold = holds.add_hold(
        actor_id=None,
        subject_type="user",
        subject_id=author.id,
        author_id=author.id,
        reference="processo 12",
    )

    report = erase(author)

    assert (report["state"], report["account_withheld"]) == ("held", True)
    shown.refresh_from_db()
    assert (shown.status, shown.text) == ("REMOVED", f"{CANARY} bom dia")
    tombstones = of_room(room, bob).messages
    assert not any(message.content for message in tombstones)
    assert not any(CANARY in message.author.name for message in tombstones)
    assert SubjectRevision.objects.filter(subject_id=author.id, text__contains=CANARY).exists()
    assert not erasing.run_slice(), "it waits for the release"
    assert Case.objects.exclude(commitment=None).exists()
    assert ErasableText.objects.filter(erased_at=None, content__contains=CANARY).exists()

    holds.release_hold(actor_id=None, hold_id=hold.id, reason="arquivado")
    with pytest.raises(HoldReleased):
        holds.release_hold(actor_id=None, hold_id=hold.id, reason="arquivado")

    assert run(author).state == "done"
    assert columns_with(CANARY) == set()


@pytest.mark.proves("R106")
@pytest.mark.proves("S106")
def test_operators_release_no_hold_of_their_own_data(author):
    message = make_message(author=author)
    held = (("user", author.id), ("message", message.id))
    for subject_type, subject_id in held:
        hold = holds.add_hold(
            actor_id=None, subject_type=subject_type, subject_id=subject_id,
            author_id=author.id, reference="Ofício 7",
        )  # fmt: skip
        with pytest.raises(OwnCase):
            holds.release_hold(actor_id=author.id, hold_id=hold.id, reason="-")
        holds.release_hold(actor_id=make_user().id, hold_id=hold.id, reason="-")


def test_held_message_keeps_its_texts_and_no_other_does(author, room):
    _, edited, held, *_ = live(room, author)
    call_command("hold", "add", "--message", str(held.id), "--order", "oficio 7", stdout=StringIO())

    assert erase(author)["withheld"] == 1

    held.refresh_from_db()
    edited.refresh_from_db()
    assert (held.status, held.text) == ("REMOVED", f"HOLD {CANARY}")
    assert edited.text == ""
    subjects = ErasableText.objects.filter(content__contains=CANARY).values_list("subject_id")
    assert set(subjects) == {(held.id,)}
    # What moderators wrote about it is kept with it.
    kept = {"chat_message", "enforcement_ruling", "moderation_erasabletext"}
    assert tables_with(CANARY) == kept

    LegalHold.objects.update(released_at=timezone.now())
    assert run(author).state == "done"
    assert columns_with(CANARY) == set()


def test_each_change_of_holds_and_each_look_leaves_an_audit_line(author):
    out = StringIO()
    call_command("hold", "add", "--user", author.email, "--order", "A 1", "--json", stdout=out)
    hold_id = json.loads(out.getvalue())[0]["id"]
    call_command("hold", "list", stdout=StringIO())
    call_command("hold", "release", hold_id, "--reason", "fim", stdout=StringIO())

    actions = AuditLine.objects.order_by("created_at").values_list("action", flat=True)
    assert list(actions) == ["hold_added", "holds_listed", "hold_released"]
    with pytest.raises(CommandError):
        call_command("hold", "release", hold_id, "--reason", "fim", stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("hold", "add", "--message", str(new_id()), "--order", "A 1")


def test_audit_lines_are_never_changed(author):
    erasures.order_erasure(actor_id=None, user_id=author.id)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditLine.objects.update(action="other")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM enforcement_auditline")


def test_unknown_account_is_refused():
    with pytest.raises(CommandError):
        call_command("erase", "unknown@example.org")


@pytest.mark.parametrize(("answer", "more"), [("n", []), ("", []), ("y", []), ("", ["--yes"])])
def test_terminal_is_asked_before_an_account_is_erased(author, monkeypatch, capsys, answer, more):
    is_ordered = answer == "y" or more == ["--yes"]
    terminal = StringIO(f"{answer}\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin", terminal)

    refusal = nullcontext() if is_ordered else pytest.raises(CommandError, match="Nothing")
    with refusal:
        erase(author, *more)

    assert Erasure.objects.exists() == is_ordered
    question = f"Erase {author.name} <{author.email}> and their 0 messages for good?"
    assert (question in capsys.readouterr().out) == (not more)
